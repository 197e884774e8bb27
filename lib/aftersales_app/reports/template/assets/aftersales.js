// Draws the charts of a page, and names cells by their column for phones, where a row is a card. Each figure lies in it as JSON; nothing here fetches, stores or sends anything.
(function () {
  "use strict";
  var NARROW = 520; // px: below it a figure's own layout.meta.narrow is laid over its layout
  // charts/theme.py: light colour -> dark partner (a test compares the two)
  var DARK = {
    "#1F2933": "#E6EAEE", "#56626B": "#A9B4BF", "#0B63A5": "#6CB2EE", "#B24A00": "#F2994A", "#8A96A1": "#7B8794",
    "#B5BFC9": "#56616D", "#E4E9EE": "#323B45", "#E1E8ED": "#2A343E", "#FFFFFF": "#1B2229", "#F5F7F9": "#12171C",
    "#A9CBE6": "#2F5573", "#F0C9A8": "#6B4423"
  };
  var night = window.matchMedia("(prefers-color-scheme: dark)");
  var charts = [];
  var printing = false;

  function recoloured(value) {
    if (typeof value === "string") return Object.prototype.hasOwnProperty.call(DARK, value) ? DARK[value] : value;
    if (Array.isArray(value)) return value.map(recoloured);
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (key) { copy[key] = recoloured(value[key]); });
      return copy;
    }
    return value;
  }

  function laidOver(under, over) {
    if (!over || typeof over !== "object" || Array.isArray(over)) return over;
    var both = Object.assign({}, under);
    Object.keys(over).forEach(function (key) { both[key] = laidOver(both[key], over[key]); });
    return both;
  }

  function draw(chart) {
    var width = chart.box.clientWidth;
    if (!width) return;
    var spec = JSON.parse(chart.text); // plotly changes what it is given
    if (night.matches && !printing) spec = recoloured(spec);
    var layout = spec.layout;
    if (width < NARROW) {
      var narrow = (layout.meta && layout.meta.narrow) || {};
      // notes are listed by place in narrow, as plotly's lists would otherwise be replaced whole
      var notes = narrow.annotations;
      delete narrow.annotations;
      layout = laidOver(layout, narrow);
      if (notes) Object.keys(notes).forEach(function (at) { layout.annotations[at] = laidOver(layout.annotations[at], notes[at]); });
    }
    layout.height = layout.height || Number(chart.box.dataset.height) || 360;
    layout.width = width;
    layout.autosize = false;
    chart.width = width;
    chart.box.style.height = layout.height + "px";
    window.Plotly.react(chart.box, spec.data, layout, { displayModeBar: false, responsive: false, scrollZoom: false });
  }

  function drawAll() { charts.forEach(draw); }

  document.querySelectorAll(".as-table:not(.heat) table").forEach(function (table) {
    var names = Array.from(table.querySelectorAll("thead th"), function (head) { return head.textContent; });
    if (names.length < 4) return;
    table.classList.add("cards");
    table.querySelectorAll("tbody tr").forEach(function (row) {
      Array.from(row.children).slice(1).forEach(function (cell, at) { cell.dataset.label = names[at + 1]; });
    });
  });
  // reasons stand open where there is room and on paper; what a link leads to is unfolded, and all is on paper
  var phone = window.matchMedia("(max-width: 620px)");
  function setReasons(open) { document.querySelectorAll("details.reason").forEach(function (each) { each.open = open; }); }
  function fitReasons() { setReasons(!phone.matches); }
  function unfold() {
    var place = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    for (var fold = place && place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    if (place) place.scrollIntoView();
  }
  var closed = [];
  fitReasons();
  unfold();
  phone.addEventListener("change", fitReasons);
  window.addEventListener("hashchange", unfold);
  window.addEventListener("beforeprint", function () {
    closed = Array.from(document.querySelectorAll("details.fold:not([open]), details.rest:not([open]), details.reason:not([open])"));
    closed.forEach(function (each) { each.open = true; });
  });
  window.addEventListener("afterprint", function () { closed.forEach(function (each) { each.open = false; }); });
  document.documentElement.classList.add("js");
  if (!window.Plotly) {
    // without plotly the tables stay open and the boxes away
    document.documentElement.classList.remove("js");
    return;
  }
  document.querySelectorAll("figure.chart").forEach(function (figure) {
    var box = figure.querySelector(".plot");
    var data = figure.querySelector(".plot-data");
    var details = figure.querySelector("details");
    if (!box || !data) return;
    if (details) details.open = false;
    charts.push({ box: box, text: data.textContent, width: 0 });
  });
  drawAll();

  var waiting = 0;
  new ResizeObserver(function () {
    window.cancelAnimationFrame(waiting);
    waiting = window.requestAnimationFrame(function () {
      charts.forEach(function (chart) { if (Math.abs(chart.box.clientWidth - chart.width) > 1) draw(chart); });
    });
  }).observe(document.querySelector("main"));
  night.addEventListener("change", drawAll);
  window.addEventListener("beforeprint", function () { printing = true; drawAll(); });
  window.addEventListener("afterprint", function () { printing = false; drawAll(); });
})();
