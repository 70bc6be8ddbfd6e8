locals {
  _console = "https://console.cloud.google.com"
  _dataset = google_bigquery_dataset.kondado.dataset_id
  _service = google_cloudfunctions2_function.sync.name
  _uri     = google_cloudfunctions2_function.sync.service_config[0].uri
}

output "add_credentials" {
  description = "Stores the Kondado credentials, or rotates them: run it, paste the key, Enter, Ctrl-D, then the token. The next run uses them."
  value       = <<-EOT
    echo 'Paste the API key, then press Enter and Ctrl-D.'
    gcloud secrets versions add ${google_secret_manager_secret.kondado["api_key"].secret_id} --project=${var.project_id} --data-file=-
    echo 'Paste the token, then press Enter and Ctrl-D.'
    gcloud secrets versions add ${google_secret_manager_secret.kondado["token"].secret_id} --project=${var.project_id} --data-file=-
  EOT
}

output "backfill" {
  description = "Says what a backfill would read; without \"dry_run\" it is read and stored. If partial, continue with {\"from_id\": next_id}."
  value       = <<-EOT
    curl --fail-with-body --max-time ${local.attempt_deadline_seconds} ${local._uri} \
      -H "Authorization: Bearer $(gcloud auth print-identity-token)" \
      -H "Content-Type: application/json" \
      -d '{"from": "2026-09-01", "to": "2026-09-08", "dry_run": true}'
  EOT
}

output "check" {
  description = "Checks everything that a run needs and prints what failed and what is to be warned of. Nothing is stored. For those in invokers."
  value       = <<-EOT
    curl --silent --show-error --max-time 300 ${local._uri} \
      -H "Authorization: Bearer $(gcloud auth print-identity-token)" \
      -H "Content-Type: application/json" \
      -d '{"check": true}' |
      sed 's/{"name":/\
    &/g' |
      sed -E -e '/"outcome":"(ok|skipped)"/d' \
        -e 's/^.*"mode":"check","outcome":"([a-z]+)".*$/check: \1/' \
        -e 's/^\{"name":"([^"]*)","outcome":"([a-z]+)","message":"(.*)"\}.*$/\2: \1: \3/'
  EOT
}

output "console" {
  description = "Pages of the Google Cloud console."
  value = {
    alerts    = "${local._console}/monitoring/alerting?project=${var.project_id}"
    dashboard = "${local._console}/monitoring/dashboards?project=${var.project_id}"
    data      = "${local._console}/bigquery?project=${var.project_id}&p=${var.project_id}&d=${local._dataset}&page=dataset"
    function  = "${local._console}/run/detail/${var.region}/${local._service}/observability/metrics?project=${var.project_id}"
    schedule  = "${local._console}/cloudscheduler?project=${var.project_id}"
    secrets   = "${local._console}/security/secret-manager?project=${var.project_id}"
  }
}

output "dataset" {
  description = "The dataset, as a query names it."
  value       = "${var.project_id}.${local._dataset}"
}

output "events_pull" {
  description = "Takes ten events of the subscription of events_subscribe and shows them; what is shown does not come again."
  value       = <<-EOT
    gcloud pubsub subscriptions pull ${local.topic_name} --project=${var.project_id} --limit=10 --auto-ack \
      --format='table(message.publishTime, message.attributes)'
  EOT
}

output "events_subscribe" {
  description = "Creates a subscription to the topic of events.enabled, in order, of the executions that brought records."
  value       = <<-EOT
    gcloud pubsub subscriptions create ${local.topic_name} --project=${var.project_id} --topic=${local.topic_name} \
      --enable-message-ordering --expiration-period=never --message-filter='attributes.has_records = "true"'
  EOT
}

output "looker_studio" {
  description = "Opens a new report in Looker Studio on the pipeline logs."
  value = join("&", [
    "https://lookerstudio.google.com/reporting/create?c.mode=edit",
    "ds.connector=bigQuery",
    "ds.type=TABLE",
    "ds.projectId=${var.project_id}",
    "ds.datasetId=${local._dataset}",
    "ds.tableId=pipeline_logs_latest",
  ])
}

output "open_page" {
  description = "Serves the page on http://localhost:8080, for those in invokers."
  value       = "gcloud run services proxy ${local._service} --project=${var.project_id} --region=${var.region} --port=8080"
}

output "query" {
  description = "Asks BigQuery for the last runs."
  value       = <<-EOT
    bq --project_id=${var.project_id} --location=${google_bigquery_dataset.kondado.location} query --use_legacy_sql=false '
      SELECT stream, outcome, started_at, rows_inserted, error_message
      FROM `${var.project_id}.${local._dataset}.sync_runs`
      WHERE started_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)
      ORDER BY started_at DESC'
  EOT
}

output "read_logs" {
  description = "Shows the log lines of the last hour, newest first."
  value       = <<-EOT
    gcloud logging read \
      'resource.type="cloud_run_revision" AND resource.labels.service_name="${local._service}" AND jsonPayload.event:*' \
      --project=${var.project_id} --freshness=1h --format='table(timestamp, severity, jsonPayload.message)'
  EOT
}

output "run_now" {
  description = "Starts a run at once, as the schedule does. The output read_logs shows its progress, a line a minute for each stream."
  value       = <<-EOT
    gcloud scheduler jobs run ${google_cloud_scheduler_job.schedules["sync"].name} --project=${var.project_id} --location=${var.region}
    echo 'Started. To watch it, paste the output read_logs: a line a minute says how far each stream is.'
  EOT
}

output "service_accounts" {
  description = "The accounts that build, run and start the function."
  value = {
    build     = google_service_account.build.email
    runtime   = google_service_account.runtime.email
    scheduler = google_service_account.scheduler.email
  }
}

output "url" {
  description = "Where the function is served. It answers only to those who may invoke it."
  value       = local._uri
}
