"""Weekly after-sales reports and mails as an Airflow DAG (Airflow 3, with apache-airflow-providers-standard).

A task that is tried again keeps the reports that are done (--resume). The mails go out also where a shop has no report,
because its analysts are told by mail.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PROGRAM = "set -a; . /etc/aftersales/env; cd /srv/aftersales; exec /opt/aftersales/.venv/bin/aftersales "

with DAG(
    dag_id="aftersales_weekly",
    description="Reports of every shop for the week before, then their mails",
    schedule="30 6 * * 1",
    start_date=pendulum.datetime(2026, 1, 5, tz="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["aftersales"],
) as dag:
    # With a Dask cluster: add  --on dask --scheduler tcp://10.0.0.5:8786
    weekly = BashOperator(
        task_id="weekly", bash_command=PROGRAM + "weekly --resume", execution_timeout=timedelta(hours=6)
    )
    mail = BashOperator(task_id="mail", bash_command=PROGRAM + "mail", trigger_rule="all_done", retries=4)
    weekly >> mail
