// The explorer: counts order lines, refund requests and complaints by whatever filters are set. No network, no storage.
//
// What lies in explorer.data.js (week/explorer_data.py): columns of whole numbers. Of codes 0 is "not known", of
// amounts, days and quantities too (they are shifted by one). Orders are numbered by day, their lines lie together;
// "pairs" are requests with the lines they touch. The filters live in the address (#measure=…&product=…): every change
// writes it, and every answer is made from it, so that links, "back" and a bookmark all lead to the same figures.
(function () {
  "use strict";
  var root = document.getElementById("explorer");
  var words = JSON.parse(document.getElementById("explorer-words").textContent);
  var OF_LINES = ["product", "category", "courier", "province", "channel"];
  var SHOWN = ["product", "category", "reason", "courier", "province", "channel", "filed"]; // the lists, in order
  // What is counted. rows: lines, requests (with their lines) or complaints; by: what counts once; week: of the order's
  // payment or the event's own; sum: what is added up; over: the measure it is a share of; settled: whose weeks are young.
  var MEASURES = {
    refund_rate: { rows: "requests", by: "order", over: "paid_orders", settled: "refund_rate_orders" },
    refund_orders: { rows: "requests", by: "order", settled: "refund_rate_orders" },
    refund_money: { rows: "requests", sum: "cents", settled: "refund_rate_money" },
    refund_rate_money: { rows: "requests", sum: "rated", over: "paid_money", settled: "refund_rate_money" },
    paid_orders: { rows: "lines", by: "order" },
    order_lines: { rows: "lines", by: "line" },
    paid_money: { rows: "lines", sum: "paid" },
    complaint_rate: { rows: "complaints", by: "order", over: "paid_orders", settled: "complaint_rate" },
    complaint_orders: { rows: "complaints", by: "order", settled: "complaint_rate" },
    requests: { rows: "requests", by: "event", own: true },
    succeeded: { rows: "requests", by: "event", own: true, only: "succeeded" },
    asked_money: { rows: "requests", by: "event", own: true, sum: "asked" },
    complaints: { rows: "complaints", by: "event", own: true },
    compensation: { rows: "complaints", by: "event", own: true, sum: "asked" }
  };
  var GROUPS = [["paid", ["refund_rate", "refund_orders", "refund_money", "refund_rate_money", "paid_orders",
    "order_lines", "paid_money", "complaint_rate", "complaint_orders"]],
    ["requested", ["requests", "succeeded", "asked_money"]], ["filed", ["complaints", "compensation"]]];
  var FEW = 30; // orders under a rate below which it is not judged, as in the tables of the pages
  var QUARTER = 12, SEARCH_FROM = 13;
  var phone = window.matchMedia("(max-width: 620px)").matches;
  var BARS = phone ? 5 : 8, ROWS = phone ? 10 : 50;
  var NO_LINE = 0xffffffff, WEEK_BIT = 1 << 7, NEVER = 0xff; // bits 0 to 6 are those of the lists
  var WITH_MONEY = { succeeded: true, open: true };
  var UNSEEN = /[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g; // charts/markup.py has the same
  var data, state, answer, typed = {}, opened = {}, bars = {}, waiting = 0, whole = {}, rowsShown = ROWS, sorted = { column: 0, up: false };

  // ---- reading the file -------------------------------------------------------------------------------------------
  async function read(text) {
    var packed = Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
    var stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    var raw = await new Response(stream).arrayBuffer();
    var length = new DataView(raw).getUint32(0, true);
    var found = JSON.parse(new TextDecoder().decode(new Uint8Array(raw, 4, length)).trim());
    var kinds = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float64: Float64Array };
    found.columns.forEach(function (column) {
      var at = 4 + length + column[3];
      found[column[0]] = column[1] === "text" ? new Uint8Array(raw, at, column[4]) : new kinds[column[1]](raw, at, column[2]);
    });
    return prepared(found);
  }

  function prepared(d) {
    var orders = d.order_lines.length, lines = d.line_paid.length;
    ["order_ids", "buyers"].forEach(function (name) {
      d[name] = new TextDecoder().decode(d[name]).replace(/\0+$/, "").split("\n");
    });
    d.lines = lines;
    var first = new Uint32Array(orders + 1), lineOrder = new Int32Array(lines), orderKnown = new Uint8Array(orders);
    for (var o = 0, l = 0; o < orders; o++) {
      first[o] = l;
      for (var end = l + d.order_lines[o]; l < end; l++) {
        lineOrder[l] = o;
        if (d.line_paid[l]) orderKnown[o] = 1; // whether anything is known of what it paid
      }
    }
    first[orders] = lines;
    d.rows = { lines: rowsOf(d, range(lines), null, lineOrder), requests: requestRows(d, first), complaints: complaintRows(d, first) };
    d.rows.requests.known = d.rows.requests.order.map(function (order) { return orderKnown[order]; });
    d.values = Object.assign({}, d.dimensions);
    d.names = {};
    SHOWN.forEach(function (name) {
      var spoken = words.names[name] || {};
      d.names[name] = (name === "product" ? d.titles : d.values[name]).map(function (v, at) {
        return (Object.prototype.hasOwnProperty.call(spoken, d.values[name][at]) ? spoken[d.values[name][at]] : v).replace(UNSEEN, "");
      });
      d.names[name].unshift(name === "reason" ? words.no_reason : words.unknown);
    });
    return d;
  }

  function range(n) { return Uint32Array.from({ length: n }, function (none, at) { return at; }); }
  function amounts(column) { return Float64Array.from(column, function (v) { return v ? v - 1 : NaN; }); }
  function weekOf(d, day, without) { return day ? Math.floor((day - 1 - d.first) / 7) : without; }

  // Rows that are counted: lines, or what happened with a line each (NO_LINE where none is known). One array a column.
  function rowsOf(d, line, event, order) {
    var rows = { line: line, event: event, order: order, count: line.length, codes: {} };
    function ofLine(column) {
      return Uint32Array.from(line, function (at) { return at === NO_LINE ? 0 : column[at]; });
    }
    OF_LINES.forEach(function (name) { rows.codes[name] = ofLine(d["line_" + name]); });
    rows.paidWeek = Int32Array.from(order, function (at) { return weekOf(d, d.order_day[at], -1); }); // -1: before the weeks
    rows.paid = amounts(ofLine(d.line_paid));
    rows.sku = ofLine(d.line_sku);
    rows.quantity = ofLine(d.line_quantity);
    return rows;
  }

  function eventRows(d, line, event, kind) {
    function ofEvent(column) { return Uint32Array.from(event, function (at) { return column[at]; }); }
    var rows = rowsOf(d, line, event, Int32Array.from(ofEvent(d[kind + "_order"])));
    rows.day = ofEvent(d[kind + "_day"]);
    rows.ownWeek = Int32Array.from(rows.day, function (day) { return weekOf(d, day, d.weeks); }); // without a day: behind the last
    rows.codes.reason = ofEvent(d[kind + "_reason"]);
    for (var at = 0; at < rows.count; at++) if (line[at] === NO_LINE) rows.paidWeek[at] = -1;
    return rows;
  }

  function requestRows(d, first) {
    var line = Uint32Array.from(d.pair_line, function (within, at) {
      return within ? first[d.request_order[d.pair_request[at]]] + within - 1 : NO_LINE;
    });
    var rows = eventRows(d, line, Uint32Array.from(d.pair_request), "request");
    rows.state = Uint32Array.from(rows.event, function (at) { return d.request_state[at]; });
    rows.asked = amounts(Float64Array.from(rows.event, function (at) { return d.request_amount[at]; }));
    rows.cents = amounts(d.pair_cents);
    return rows;
  }

  function complaintRows(d, first) { // a complaint is about its whole order
    var event = [], line = [];
    d.complaint_order.forEach(function (order, at) {
      if (first[order] === first[order + 1]) { event.push(at); line.push(NO_LINE); }
      for (var l = first[order]; l < first[order + 1]; l++) { event.push(at); line.push(l); }
    });
    var rows = eventRows(d, Uint32Array.from(line), Uint32Array.from(event), "complaint");
    rows.codes.filed = Uint32Array.from(rows.event, function (at) { return d.complaint_filed[at]; });
    rows.asked = amounts(Float64Array.from(rows.event, function (at) { return d.complaint_paid[at]; }));
    return rows;
  }

  // ---- counting ---------------------------------------------------------------------------------------------------
  function dimensionsOf(measure) {
    var rows = MEASURES[measure].rows;
    return OF_LINES.concat(rows === "lines" ? [] : ["reason"], rows === "complaints" ? ["filed"] : []);
  }

  // Each row carries a mask of the filters it fails. Its own list counts a row that fails at most that list's filter,
  // and so shows what else could be chosen; the whole of a share keeps out of filters on what happened.
  function tally(measure) {
    var m = MEASURES[measure], rows = data.rows[m.rows], mask = masks(m, rows, dimensionsOf(measure));
    var key = m.by === "order" ? rows.order : m.by === "line" ? rows.line : m.by === "event" ? rows.event : null;
    var amount = m.sum ? rows[m.sum === "rated" ? "cents" : m.sum] : null, found = { mask: mask, dims: {} };
    var nowhere = new Uint32Array(rows.count);
    function counted(codes, size, bit) { return count1(rows, mask, codes, size, bit, key, amount, m); }
    found.total = counted(nowhere, 1, 0);
    found.weeks = counted(m.own ? rows.ownWeek : rows.paidWeek, data.weeks + 1, WEEK_BIT);
    dimensionsOf(measure).forEach(function (name) {
      found.dims[name] = counted(rows.codes[name], data.values[name].length + 1, bitOf(name));
    });
    return found;
  }

  function masks(m, rows, names) {
    var mask = new Uint8Array(rows.count), week = m.own ? rows.ownWeek : rows.paidWeek, at;
    var wanted = m.only ? data.states.indexOf(m.only) + 1 : 0, last = data.weeks;
    for (at = 0; at < rows.count; at++) {
      var w = week[at];
      if (w < 0 || (wanted && rows.state[at] !== wanted)) mask[at] = NEVER;
      else if (w === last ? !state.undated : w < state.from || w > state.to) mask[at] = WEEK_BIT;
    }
    names.forEach(function (name) {
      var chosen = state.filters[name], codes = rows.codes[name], bit = bitOf(name);
      if (!chosen || !chosen.size) return;
      var ok = new Uint8Array(data.values[name].length + 1);
      chosen.forEach(function (code) { ok[code] = 1; });
      for (var at = 0; at < codes.length; at++) if (!ok[codes[at]]) mask[at] |= bit;
    });
    return mask;
  }

  // What counts by key counts once in each place; rows lie in the order of their orders and events.
  function count1(rows, mask, codes, size, bit, key, amount, m) {
    var n = new Uint32Array(size), sum = new Float64Array(size), looked = new Uint32Array(size), lack = new Uint32Array(size);
    var last = new Int32Array(size).fill(-1), but = ~bit, many = rows.count;
    var carrying = amount && m.sum === "asked" && rows.state ? rows.state : null, known = m.sum === "rated" ? rows.known : null;
    for (var at = 0; at < many; at++) {
      if (mask[at] & but) continue;
      var place = codes[at];
      if (key !== null) {
        if (last[place] === key[at]) continue;
        last[place] = key[at];
      }
      n[place]++;
      if (amount === null || (known && !known[at]) || (carrying && !WITH_MONEY[data.states[carrying[at] - 1]])) continue;
      looked[place]++;
      if (amount[at] === amount[at]) sum[place] += amount[at];
      else lack[place]++;
    }
    return { n: n, sum: sum, looked: looked, lack: lack };
  }

  function bitOf(name) { return 1 << SHOWN.indexOf(name); }

  function answered() {
    var m = MEASURES[state.measure], part = tally(state.measure);
    part.rows = passing(part.mask);
    return { measure: m, part: part, whole: m.over ? wholeOf(m.over) : null };
  }

  function wholeOf(over) { // the same for all that is chosen of what happened
    var of = JSON.stringify([over, state.from, state.to, OF_LINES.map(function (name) { return Array.from(state.filters[name] || []); })]);
    if (whole.of !== of) whole = { of: of, found: tally(over) };
    return whole.found;
  }

  function passing(mask) {
    var rows = new Uint32Array(mask.length), n = 0;
    for (var at = 0; at < mask.length; at++) if (!mask[at]) rows[n++] = at;
    return rows.subarray(0, n);
  }

  // A place's figure: {value, part, whole, lack, few}; value null where nothing of it is known.
  function figure(part, whole, place, wholePlace) {
    var m = answer.measure, n = part.n[place], lack = part.lack[place];
    var amount = m.sum ? (lack && lack === part.looked[place] ? null : part.sum[place]) : n;
    if (!m.over) return { value: amount, n: n, lack: lack };
    var over = MEASURES[m.over].sum ? whole.sum[wholePlace] : whole.n[wholePlace];
    return { value: over && amount !== null ? amount / over : null, part: amount, whole: over, n: n, lack: lack,
      few: whole.n[wholePlace] < FEW };
  }

  function figureOf(name, code) {
    var whole = answer.whole, own = whole && whole.dims[name];
    return figure(answer.part.dims[name], own || (whole && whole.total), code, own ? code : 0);
  }
  function figureOfWeek(week) { return figure(answer.part.weeks, answer.whole && answer.whole.weeks, week, week); }
  function figureOfAll() { return figure(answer.part.total, answer.whole && answer.whole.total, 0, 0); }

  // ---- the address ------------------------------------------------------------------------------------------------
  function parsed(hash) {
    var found = { measure: "refund_rate", from: Math.max(0, data.weeks - QUARTER), to: data.weeks - 1, filters: {} };
    hash.replace(/^#/, "").split("&").forEach(function (part) {
      var name = part.split("=")[0], value = part.slice(name.length + 1);
      if (name === "measure" && Object.prototype.hasOwnProperty.call(MEASURES, value)) found.measure = value;
      if (name === "weeks") parsedWeeks(found, value);
      if (SHOWN.indexOf(name) >= 0 && value) found.filters[name] = new Set(value.split(",").map(function (one) {
        return one === "?" ? 0 : codeOf(name, decoded(one));
      }));
    });
    found.undated = found.undated || (found.from === 0 && found.to === data.weeks - 1);
    return found;
  }

  function codeOf(name, value) { // a value that no row has is a filter all the same: nothing matches it
    var at = data.values[name].indexOf(value);
    if (at >= 0) return at + 1;
    data.names[name].push(value.replace(UNSEEN, ""));
    return data.values[name].push(value);
  }

  function parsedWeeks(found, value) {
    if (value === "?") { found.from = 1; found.to = 0; found.undated = true; return; }
    if (value === "all") { found.from = 0; found.to = data.weeks - 1; return; }
    var ends = value.split(".."), names = weekNames();
    var from = names.findIndex(function (week) { return week >= ends[0]; }); // of a range, the weeks there are
    var to = names.filter(function (week) { return week <= (ends[1] || ends[0]); }).length - 1;
    if (from < 0 || to < from) return;
    found.from = from;
    found.to = to;
  }

  function decoded(text) { try { return decodeURIComponent(text); } catch (error) { return text; } }

  function written(s) {
    var parts = ["measure=" + s.measure], names = weekNames(), usual = Math.max(0, data.weeks - QUARTER);
    if (s.from > s.to) parts.push("weeks=?");
    else if (s.from === 0 && s.to === data.weeks - 1 && usual > 0) parts.push("weeks=all");
    else if (s.from !== usual || s.to !== data.weeks - 1) parts.push("weeks=" + names[s.from] + (s.to > s.from ? ".." + names[s.to] : ""));
    SHOWN.forEach(function (name) {
      var codes = Array.from(s.filters[name] || []);
      if (codes.length) parts.push(name + "=" + codes.map(function (code) {
        return code ? encodeURIComponent(data.values[name][code - 1]) : "?";
      }).join(","));
    });
    return "#" + parts.join("&");
  }

  function go(change) { // every answer follows from the address: write it, and `render` is called by the browser
    var next = { measure: state.measure, from: state.from, to: state.to, filters: {} };
    SHOWN.forEach(function (name) { next.filters[name] = new Set(state.filters[name] || []); });
    change(next);
    var hash = written(next);
    if (hash !== written(state)) window.location.hash = hash;
  }

  function toggle(name, code) {
    go(function (next) { if (!next.filters[name].delete(code)) next.filters[name].add(code); });
  }

  function chooseWeek(week) {
    go(function (next) {
      var undated = week === data.weeks, alone = undated ? state.from > state.to : state.from === week && state.to === week;
      next.from = alone ? Math.max(0, data.weeks - QUARTER) : undated ? 1 : week;
      next.to = alone ? data.weeks - 1 : undated ? 0 : week;
    });
  }

  // ---- how things are written -------------------------------------------------------------------------------------
  function dayAt(number) { return new Date(Date.parse(data.day0 + "T00:00:00Z") + number * 864e5); }
  function iso(number) { return dayAt(number).toISOString().slice(0, 10); }
  function shortDay(number) {
    var d = dayAt(number);
    return fill("day", { day: d.getUTCDate(), month: words.months[d.getUTCMonth()] });
  }
  function span(week) { return shortDay(data.first + 7 * week) + "–" + shortDay(data.first + 7 * week + 6); }
  var weekList;
  function weekNames() { // 2026-W47, as everywhere
    if (!weekList) weekList = Array.from({ length: data.weeks }, function (none, week) {
      var thursday = dayAt(data.first + 7 * week + 3), first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
      var number = 1 + Math.floor((thursday - first) / 864e5 / 7);
      return thursday.getUTCFullYear() + "-W" + (number < 10 ? "0" : "") + number;
    });
    return weekList;
  }
  function count(n) { return String(n).replace(/\B(?=(\d{3})+$)/g, ","); }
  function money(cents) {
    return words.currency + count(Math.floor(cents / 100)) + "." + String(100 + Math.round(cents % 100)).slice(1);
  }
  function fill(key, values) {
    return words[key].replace(/\{(\w+)\}/g, function (all, name) { return values[name]; });
  }
  function unit(f) { return MEASURES[state.measure].over ? percent(f.value) : amountOf(f); }
  function percent(value) { return value === null ? words.nothing : (100 * value).toFixed(answer.measure.rows === "complaints" ? 2 : 1) + "%"; }
  function amountOf(f) {
    if (f.value === null) return words.unknown;
    if (!MEASURES[state.measure].sum) return count(f.value);
    return f.lack ? fill("at_least", { amount: money(f.value) }) : money(f.value);
  }
  function counts(f) { // the two numbers that a share is made of
    if (!MEASURES[state.measure].over || f.part === null) return "";
    var sum = MEASURES[state.measure].sum, written = sum ? money : count;
    return fill(sum ? "of" : "of_orders", { part: written(f.part), whole: written(f.whole) });
  }

  // ---- the page ---------------------------------------------------------------------------------------------------
  function element(tag, attributes, children) {
    var made = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      if (name === "click") made.addEventListener("click", attributes.click);
      else if (attributes[name] !== null && attributes[name] !== undefined) made.setAttribute(name, attributes[name]);
    });
    [].concat(children === undefined ? [] : children).forEach(function (child) {
      if (child) made.append(child); // texts stay texts
    });
    return made;
  }
  function put(id, children) { document.getElementById(id).replaceChildren.apply(document.getElementById(id), [].concat(children).filter(Boolean)); }

  function listed() { return SHOWN.filter(function (name) { return name !== "filed" || data.complaint_order.length; }); }

  function frame() {
    var measures = element("select", { id: "x-measure" }, GROUPS.filter(function (group) {
      return group[0] !== "filed" || data.complaint_order.length;
    }).map(function (group) {
      return element("optgroup", { label: words.groups[group[0]] }, group[1].filter(function (name) {
        return data.complaint_order.length || MEASURES[name].rows !== "complaints";
      }).map(function (name) { return element("option", { value: name }, words.measures[name]); }));
    }));
    measures.addEventListener("change", function () { go(function (next) { next.measure = measures.value; }); });
    var weeks = ["from", "to"].map(function (end) {
      var select = element("select", { id: "x-" + end }, weekNames().map(function (week, at) {
        return element("option", { value: at }, week + " · " + span(at));
      }));
      select.addEventListener("change", function () {
        go(function (next) {
          next[end] = Number(select.value);
          if (next.from > next.to) next[end === "from" ? "to" : "from"] = next[end];
        });
      });
      return element("label", {}, [element("span", {}, words[end]), select]);
    });
    var quick = [["week", data.weeks - 1], ["quarter", Math.max(0, data.weeks - QUARTER)], ["all", 0]].map(function (one) {
      return element("button", { type: "button", class: "quick", "data-key": "quick-" + one[0], "data-from": one[1],
        click: function () { go(function (next) { next.from = one[1]; next.to = data.weeks - 1; }); } }, words.quick[one[0]]);
    });
    root.replaceChildren(
      element("div", { class: "x-controls" }, [
        element("label", {}, [element("span", {}, words.measure), measures]), weeks[0], weeks[1],
        element("div", { class: "x-quick", role: "group", "aria-label": words.weeks }, quick)]),
      element("div", { class: "x-chips", id: "x-chips", role: "group", "aria-label": words.active }),
      element("div", { class: "x-figure" }, [
        element("div", { id: "x-total", role: "status" }), element("div", { id: "x-notes" })]),
      element("section", { class: "x-card", "aria-labelledby": "x-weeks-title" }, [
        element("h2", { id: "x-weeks-title" }), element("p", { class: "x-top", id: "x-top" }),
        element("div", { class: "scroll x-weeks", id: "x-weeks", role: "group", "aria-labelledby": "x-weeks-title" }),
        element("p", { class: "caption", id: "x-weeks-note" })]),
      element("p", { class: "caption x-once", id: "x-once" }, words.once),
      element("div", { class: "x-lists" }, listed().map(listFrame)),
      element("div", { class: "x-card as-block as-table" }, [
        element("h2", { id: "x-rows-title" }),
        element("p", { class: "x-save" }, [
          element("button", { type: "button", id: "x-csv-rows", click: saveRows }, words.csv_rows),
          element("button", { type: "button", id: "x-csv-figures", click: saveFigures }, words.csv_figures)]),
        element("div", { class: "scroll", id: "x-rows", tabindex: "0", role: "region", "aria-labelledby": "x-rows-title" }),
        element("p", { id: "x-more" })]));
    weekFrame();
    document.getElementById("x-weeks").addEventListener("keydown", walkWeeks);
  }

  function listFrame(name) {
    bars[name] = [];
    var search = data.values[name].length >= SEARCH_FROM &&
      element("input", { type: "search", id: "x-search-" + name, "aria-label": fill("search_in", { what: words.dimensions[name] }),
        placeholder: words.search, autocomplete: "off", spellcheck: "false" });
    if (search) search.addEventListener("input", function () { typed[name] = search.value; drawList(name); });
    return element("section", { class: "x-card x-list", id: "x-list-" + name, "aria-labelledby": "x-title-" + name }, [
      element("h2", { id: "x-title-" + name }, words.dimensions[name]), search || "",
      element("ul", { id: "x-bars-" + name }), element("p", { class: "x-rest", id: "x-rest-" + name })]);
  }

  function render() {
    var began = performance.now();
    state = parsed(window.location.hash);
    answer = answered();
    rowsShown = ROWS;
    var focused = document.activeElement && document.activeElement.getAttribute("data-key");
    drawControls();
    drawFigure();
    drawWeeks();
    listed().forEach(drawList);
    drawRowsTitle();
    var again = focused && root.querySelector('[data-key="' + CSS.escape(focused) + '"]');
    if (again && document.activeElement !== again) again.focus();
    var took = performance.now() - began;
    clearTimeout(waiting);
    waiting = setTimeout(function () { // the figures are seen first, the rows behind them a frame later
      began = performance.now();
      drawRows();
      root.dataset.ms = (took + performance.now() - began).toFixed(1);
      root.dataset.answers = Number(root.dataset.answers || 0) + 1;
    }, 30);
  }

  function drawControls() {
    document.getElementById("x-measure").value = state.measure;
    ["from", "to"].forEach(function (end) { document.getElementById("x-" + end).value = state.from > state.to ? "" : state[end]; });
    root.querySelectorAll(".quick").forEach(function (button) {
      button.setAttribute("aria-pressed", state.to === data.weeks - 1 && state.from === Number(button.dataset.from));
    });
    document.getElementById("x-once").hidden = answer.measure.by !== "order" && answer.measure.by !== "event";
    var names = dimensionsOf(state.measure), chips = [];
    SHOWN.forEach(function (name) {
      (state.filters[name] || []).forEach(function (code) {
        var label = fill("chip", { what: words.dimensions[name], value: data.names[name][code] });
        chips.push(element("button", { type: "button", class: "x-chip" + (names.indexOf(name) < 0 ? " idle" : ""),
          "data-key": "chip-" + name + "-" + code, "aria-label": fill("remove", { what: label }),
          click: function () { toggle(name, code); } }, [label, element("span", { "aria-hidden": "true" }, " ×")]));
      });
    });
    if (written(state) !== written(parsed("measure=" + state.measure))) {
      chips.push(element("button", { type: "button", class: "x-reset", "data-key": "reset", click: function () {
        typed = {};
        root.querySelectorAll("input[type=search]").forEach(function (input) { input.value = ""; });
        var plain = parsed("measure=" + state.measure);
        go(function (next) { next.from = plain.from; next.to = plain.to; next.filters = {}; });
      } }, words.reset));
    }
    put("x-chips", chips.length ? chips : element("span", { class: "x-none" }, words.no_filter));
  }

  function youngAt(week) { // 0 settled, 1 young, 2 not recorded
    var of = answer.measure.settled && data.settled[answer.measure.settled];
    return of && week < data.weeks ? of[week] : 0;
  }

  function drawFigure() {
    var f = figureOfAll(), notes = [], idle = [];
    put("x-total", [
      element("p", { class: "x-name" }, words.measures[state.measure]),
      element("p", { class: "x-value" }, unit(f)),
      counts(f) && element("p", { class: "x-counts" }, counts(f)),
      element("p", { class: "x-counts" }, fill(answer.measure.own ? "in_weeks." + answer.measure.rows : "in_weeks.paid", { weeks: chosenWeeks() }))]);
    notes.push(words.definitions[state.measure]);
    var young = 0, lost = 0;
    for (var week = state.from; week <= state.to; week++) { young += youngAt(week) === 1; lost += youngAt(week) === 2; }
    if (young) notes.push(fill("young", { n: young }));
    if (lost) notes.push(fill("lost", { n: lost }));
    if (f.lack) notes.push(fill("lack", { n: count(f.lack) }));
    if (f.few && f.whole) notes.push(words.few);
    SHOWN.forEach(function (name) {
      if ((state.filters[name] || new Set()).size && dimensionsOf(state.measure).indexOf(name) < 0) idle.push(words.dimensions[name]);
    });
    if (idle.length) notes.push(fill("idle", { what: idle.join(words.comma) }));
    if (answer.measure.over && ["reason", "filed"].some(function (name) { return (state.filters[name] || new Set()).size; })) notes.push(words.whole_kept);
    put("x-notes", notes.map(function (note) { return element("p", {}, note); }));
  }

  function chosenWeeks() {
    if (state.from > state.to) return words.undated;
    return shortDay(data.first + 7 * state.from) + "–" + shortDay(data.first + 7 * state.to + 6);
  }

  function weekFrame() {
    var bars = Array.from({ length: data.weeks + 1 }, function (none, week) {
      var undated = week === data.weeks;
      var tick = undated ? words.undated : (data.weeks - 1 - week) % 4 === 0 ? shortDay(data.first + 7 * week) : "";
      return element("button", { type: "button", "data-key": "week-" + week, click: function () { chooseWeek(week); } },
        [element("span", { class: "x-column" }, element("span", { class: "x-stem" })),
          element("span", { class: "x-tick", "aria-hidden": "true" }, tick)]);
    });
    put("x-weeks", bars);
    document.getElementById("x-weeks").scrollLeft = 1e6;
  }

  function drawWeeks() {
    var top = 0, figures = [], bars = document.getElementById("x-weeks").children;
    for (var week = 0; week <= data.weeks; week++) {
      figures.push(figureOfWeek(week));
      if (!(figures[week].few && answer.measure.over)) top = Math.max(top, figures[week].value || 0);
    }
    document.getElementById("x-weeks-title").textContent = fill("by_week." + (answer.measure.own ? answer.measure.rows : "paid"), { what: words.measures[state.measure] });
    var highest = figures.findIndex(function (f) { return top && f.value === top; });
    document.getElementById("x-top").textContent = highest < 0 ? "" : fill("highest", { value: unit(figures[highest]),
      week: highest === data.weeks ? words.undated : span(highest) });
    var last = state.from > state.to ? data.weeks : state.to;
    figures.forEach(function (f, week) { drawWeek(bars[week], week, f, top, last); });
    var marks = answer.measure.settled && data.settled[answer.measure.settled].some(function (s) { return s === 1; });
    document.getElementById("x-weeks-note").textContent = (marks ? words.young_mark : "") + words.week_hint;
  }

  function drawWeek(bar, week, f, top, last) {
    var undated = week === data.weeks, lost = youngAt(week) === 2, young = youngAt(week) === 1;
    var inside = undated ? state.undated : week >= state.from && week <= state.to;
    var said = (undated ? words.undated : weekNames()[week] + " · " + span(week)) + fill("colon", { said: lost ? words.unknown : unit(f) }) +
      (counts(f) ? words.comma + counts(f) : "") + (young ? words.comma + words.young_word : "");
    bar.hidden = undated && !f.n;
    bar.className = "x-week" + (f.few && answer.measure.over ? " few" : "") + (inside ? " in" : "") + (young ? " young" : "") + (undated ? " undated" : "");
    bar.title = said;
    bar.setAttribute("aria-label", said);
    bar.setAttribute("aria-pressed", inside);
    bar.tabIndex = week === last ? 0 : -1;
    bar.firstChild.firstChild.style.height = (lost || !f.value || !top ? 0 : Math.min(100, Math.max(1.5, 100 * f.value / top))) + "%";
  }

  function walkWeeks(event) {
    var steps = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    var bars = Array.from(document.querySelectorAll(".x-week:not([hidden])")), at = bars.indexOf(document.activeElement);
    var next = bars[Math.min(bars.length - 1, Math.max(0, at + steps[event.key]))];
    bars.forEach(function (bar) { bar.tabIndex = bar === next ? 0 : -1; });
    next.focus();
  }

  function drawList(name) {
    var list = document.getElementById("x-list-" + name), idle = dimensionsOf(state.measure).indexOf(name) < 0;
    list.classList.toggle("idle", idle);
    if (idle) {
      list.hidden = name === "filed";
      put("x-bars-" + name, element("li", { class: "x-none" }, words.no_reasons));
      put("x-rest-" + name, []);
      return;
    }
    list.hidden = false;
    var rows = figuresOf(name), wanted = state.filters[name] || new Set();
    var found = rows, text = (typed[name] || "").trim().toLowerCase();
    if (text) found = rows.filter(function (row) {
      return data.names[name][row.code].toLowerCase().indexOf(text) >= 0 || (row.code && data.values[name][row.code - 1].toLowerCase().indexOf(text) >= 0);
    });
    var most = opened[name] ? found.length : BARS;
    var shown = found.filter(function (row, at) { return at < most || wanted.has(row.code); });
    var top = shown.reduce(function (a, row) { return row.f.few && answer.measure.over ? a : Math.max(a, row.f.value || 0); }, 0);
    var drawn = shown.map(function (row, at) { return barOf(name, at, row, top, wanted); }), box = document.getElementById("x-bars-" + name);
    if (!shown.length) drawn = [element("li", { class: "x-none" }, text ? words.none_found : words.none)];
    if (box.children.length !== drawn.length || box.firstChild !== drawn[0]) box.replaceChildren.apply(box, drawn);
    var rest = found.length > BARS && element("button", { type: "button", "data-key": "rest-" + name, "aria-expanded": !!opened[name],
      click: function () { opened[name] = !opened[name]; drawList(name); root.querySelector('[data-key="rest-' + name + '"]').focus(); } },
      opened[name] ? words.less : fill("all_of", { n: count(found.length) }));
    put("x-rest-" + name, rest || []);
  }

  // The values of a dimension that have a figure, or are chosen: most first; of shares those with most cases.
  function figuresOf(name) {
    var rows = [], wanted = state.filters[name] || new Set(), over = answer.measure.over, whole = answer.whole;
    for (var code = 0; code <= data.values[name].length; code++) {
      var f = figureOf(name, code), there = f.n || (over && whole.dims[name] && whole.dims[name].n[code]);
      if (there || wanted.has(code)) rows.push({ code: code, f: f });
    }
    return rows.sort(function (a, b) {
      var by = over ? b.f.n - a.f.n : (b.f.value || 0) - (a.f.value || 0);
      return by || (over ? b.f.whole - a.f.whole : b.f.n - a.f.n) || a.code - b.code;
    });
  }

  // Bars are made once and then only change: laying text out anew is most of what an answer costs.
  function barOf(name, at, row, top, wanted) {
    var item = bars[name][at] || (bars[name][at] = newBar(name)), button = item.firstChild, parts = button.children;
    var f = row.f, chosen = wanted.has(row.code), small = counts(f), key = name + "-" + row.code;
    button.className = "x-row" + (f.few && answer.measure.over ? " few" : "") + (wanted.size && !chosen ? " out" : "");
    button.setAttribute("aria-pressed", chosen);
    if (button.dataset.key !== key) {
      button.dataset.key = key;
      button.title = name === "product" && row.code ? data.values.product[row.code - 1] : "";
      parts[0].className = "x-label" + (row.code ? "" : " unknown");
    }
    write(parts[0], data.names[name][row.code]);
    write(parts[1], unit(f));
    parts[2].firstChild.style.width = (top && f.value ? Math.min(100, Math.max(0.5, 100 * f.value / top)) : 0) + "%";
    write(parts[3], small);
    return item;
  }

  function newBar(name) {
    var button = element("button", { type: "button", click: function () { toggle(name, Number(button.dataset.key.slice(name.length + 1))); } }, [
      element("span"), element("span", { class: "x-number" }),
      element("span", { class: "x-track" }, element("span", { class: "x-bar" })), element("span", { class: "x-small" })]);
    return element("li", {}, button);
  }

  function write(place, text) { if (place.textContent !== text) place.textContent = text; }

  // ---- the list behind --------------------------------------------------------------------------------------------
  // A column: its key (words.columns), the value to sort by, and the text; kinds as in a table of the pages.
  function columns() {
    var rows = data.rows[answer.measure.rows];
    function coded(name) {
      return { key: name, value: function (at) { return rows.codes[name][at]; }, text: function (at) { return data.names[name][rows.codes[name][at]]; } };
    }
    function day(key, numberOf, inOrder) {
      return { key: key, short: true, inOrder: inOrder, value: numberOf, text: function (at) { return numberOf(at) ? iso(numberOf(at) - 1) : words.unknown; } };
    }
    function sum(key) {
      var cents = rows[key === "refunded" ? "cents" : key === "compensation" ? "asked" : key];
      return { key: key, num: true, value: function (at) { return cents[at] + 1 || 0; },
        text: function (at) { return cents[at] >= 0 ? money(cents[at]) : words.unknown; },
        cell: function (at) { return cents[at] >= 0 ? (cents[at] / 100).toFixed(2) : words.unknown; } };
    }
    var paidOn = day("paid_on", function (at) { return data.order_day[rows.order[at]]; }, true);
    var number = { key: "order", short: true, value: function (at) { return rows.order[at]; },
      text: function (at) { return data.order_ids[rows.order[at]] || words.unknown; } };
    var sku = { key: "sku", value: function (at) { return rows.sku[at]; },
      text: function (at) { return rows.sku[at] ? data.values.sku[rows.sku[at] - 1].replace(UNSEEN, "") : words.unknown; } };
    var buyer = { key: "buyer", value: function (at) { return data.order_buyer[rows.order[at]]; },
      text: function (at) { return data.buyers[data.order_buyer[rows.order[at]] - 1] || words.masked; } };
    var where = ["category", "courier", "province", "channel"].filter(function (name) { return data.dimensions[name].length > 1; }).map(coded);
    var goods = [paidOn, number, coded("product"), sku];
    if (answer.measure.rows === "lines") {
      var quantity = { key: "quantity", num: true, value: function (at) { return rows.quantity[at]; },
        text: function (at) { return rows.quantity[at] ? count(rows.quantity[at] - 1) : words.unknown; } };
      return goods.concat([quantity, sum("paid")], where, [buyer]);
    }
    var own = day(answer.measure.rows === "complaints" ? "filed_on" : "asked_on", function (at) { return rows.day[at]; });
    if (answer.measure.rows === "complaints") return [own].concat(goods, [coded("reason"), coded("filed"), sum("compensation")], where, [buyer]);
    var stateOf = { key: "state", value: function (at) { return rows.state[at]; },
      text: function (at) { return words.states[data.states[rows.state[at] - 1]]; } };
    return [own].concat(goods, [coded("reason"), stateOf, sum("asked"), sum("refunded")], where, [buyer]);
  }

  // The rows in the chosen order: sorted as numbers, the row's own number in the last digits, which is quick.
  function ordered(column) {
    var rows = answer.part.rows, many = data.rows[answer.measure.rows].count + 1;
    if (column.inOrder && answer.measure.rows === "lines") return sorted.up ? rows : rows.slice().reverse();
    var keys = new Float64Array(rows.length);
    for (var at = 0; at < rows.length; at++) keys[at] = Math.min(column.value(rows[at]), 2 ** 33) * many + rows[at]; // exact below 2 ** 53
    keys.sort();
    if (!sorted.up) keys.reverse();
    return keys.map(function (key) { return key % many; });
  }

  function drawRowsTitle() {
    var rows = answer.part.rows.length;
    document.getElementById("x-rows-title").textContent = fill("rows." + answer.measure.rows, { n: count(rows) });
    document.getElementById("x-csv-rows").disabled = !rows;
  }

  function drawRows() {
    var shownColumns = columns(), place = Math.min(sorted.column, shownColumns.length - 1);
    answer.ordered = ordered(shownColumns[place]);
    drawTable(shownColumns, place);
  }

  function drawTable(shownColumns, place) {
    var some = answer.ordered.subarray(0, rowsShown);
    var heads = shownColumns.map(function (column, at) {
      var turned = at === place ? (sorted.up ? "ascending" : "descending") : null;
      return element("th", { scope: "col", class: column.num ? "num" : null, "aria-sort": turned }, element("button",
        { type: "button", "data-key": "sort-" + column.key, click: function () {
          sorted = { column: at, up: at === place ? !sorted.up : false };
          drawRows();
          root.querySelector('[data-key="sort-' + column.key + '"]').focus();
        } }, [words.columns[column.key] || words.dimensions[column.key], element("span", { "aria-hidden": "true" }, turned ? (sorted.up ? " ↑" : " ↓") : "")]));
    });
    var body = Array.from(some, function (at) {
      return element("tr", {}, shownColumns.map(function (column, c) {
        return element("td", { class: column.num ? "num" : column.short ? "short" : null, "data-label": c ? words.columns[column.key] || words.dimensions[column.key] : null }, column.text(at));
      }));
    });
    put("x-rows", some.length ? element("table", { class: "cards" }, [element("thead", {}, element("tr", {}, heads)), element("tbody", {}, body)])
      : element("p", { class: "x-none" }, words.none));
    var left = answer.ordered.length - some.length;
    put("x-more", left > 0 ? element("button", { type: "button", "data-key": "more", click: function () {
      rowsShown += 4 * ROWS;
      drawTable(shownColumns, place);
    } }, fill("more_rows", { n: count(Math.min(left, 4 * ROWS)), left: count(left) })) : []);
  }

  // ---- files for a spreadsheet ------------------------------------------------------------------------------------
  // words/plain.py has the rule: nothing runs, no long number loses digits, nothing unseen.
  function cell(text) {
    var clean = String(text).replace(/(?![\n\t])\p{C}/gu, "").trim();
    if (/^(?:[+-]?\d{16,}(?:\.\d+)?|0\d+|\d+[eE]\d+)$/.test(clean)) clean = "#" + clean;
    else if (beginsFormula(String(text))) clean = "'" + clean;
    return '"' + clean.replace(/"/g, '""') + '"';
  }
  function beginsFormula(text) {
    var bare = text.slice(0, 64).replace(/(?![\t\r\n])\p{C}/gu, "");
    var first = bare.trimStart().slice(0, 1).normalize("NFKC");
    var risky = bare && ((first && "=+-@−|%\t\r\n".indexOf(first) >= 0) || "\t\r\n".indexOf(bare[0]) >= 0);
    return !!risky && !/^(?:[+-]?\d[\d,]*(?:\.\d+)?%?|[+-]?\d+(?:\.\d+)?[eE][+-]?\d+)$/.test(text.trim());
  }
  function save(name, rows) {
    var text = "\ufeff" + rows.map(function (row) { return row.map(cell).join(","); }).join("\r\n") + "\r\n";
    var address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    element("a", { href: address, download: "explorer-" + data.week + "-" + name + ".csv" }).click();
    setTimeout(function () { URL.revokeObjectURL(address); }, 10000);
  }
  function saveRows() {
    var all = columns();
    if (!answer.ordered) answer.ordered = ordered(all[Math.min(sorted.column, all.length - 1)]);
    save(state.measure, [all.map(function (c) { return words.columns[c.key] || words.dimensions[c.key]; })].concat(
      Array.from(answer.ordered, function (at) { return all.map(function (c) { return c.cell ? c.cell(at) : c.text(at); }); })));
  }
  function saveFigures() {
    var rows = [[words.columns.by, words.columns.value, words.measures[state.measure], words.columns.part, words.columns.whole]];
    function plain(f) {
      var divided = MEASURES[state.measure].sum ? 100 : 1;
      function number(v) { return v === null || v === undefined ? words.unknown : divided > 1 ? (v / divided).toFixed(2) : v; }
      return answer.measure.over ? [f.value === null ? words.unknown : f.value.toFixed(6), number(f.part), number(f.whole)] : [number(f.value), "", ""];
    }
    rows.push([words.total, filtersSaid()].concat(plain(figureOfAll())));
    for (var week = 0; week < data.weeks; week++) rows.push([words.week, weekNames()[week]].concat(plain(figureOfWeek(week))));
    dimensionsOf(state.measure).forEach(function (name) {
      figuresOf(name).forEach(function (row) {
        rows.push([words.dimensions[name], data.names[name][row.code]].concat(plain(row.f)));
      });
    });
    save("figures", rows);
  }
  function filtersSaid() {
    return [chosenWeeks()].concat(SHOWN.filter(function (name) { return (state.filters[name] || new Set()).size; }).map(function (name) {
      return fill("chip", { what: words.dimensions[name], value: Array.from(state.filters[name], function (c) { return data.names[name][c]; }).join(words.comma) });
    })).join(words.comma);
  }

  function start(found) {
    data = found;
    if (!data.weeks) { root.replaceChildren(element("p", { class: "as-note warning" }, words.too_large)); return; }
    frame();
    if (data.left_out) root.prepend(element("p", { class: "as-note warning" }, fill("left_out", { n: data.weeks, from: weekNames()[0] })));
    window.addEventListener("hashchange", render);
    render();
  }

  if (!window.AFTERSALES_EXPLORER || !window.DecompressionStream) {
    root.replaceChildren(element("p", { class: "as-note warning" }, window.AFTERSALES_EXPLORER ? words.old_browser : words.no_data));
  } else {
    var text = window.AFTERSALES_EXPLORER;
    delete window.AFTERSALES_EXPLORER;
    read(text).then(start);
  }
})();
