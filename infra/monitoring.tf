locals {
  metric_name = replace("${var.name}-runs", "-", "_")
  # How PromQL names a log-based metric: the first slash of the type becomes a colon.
  _promql_metric  = "logging_googleapis_com:user_${local.metric_name}"
  _promql_service = "monitored_resource=\"cloud_run_revision\""
  _promql_runs    = "${local._promql_metric}{${local._promql_service}}"
  # Every run that succeeded has progressed; of the others only some have.
  _promql_progress = "${local._promql_metric}{${local._promql_service},progressed=\"true\",mode=\"incremental\"}"
  _promql_memory   = "run_googleapis_com:container_memory_utilizations_bucket{${local._promql_service},service_name=\"${var.name}\"}"

  _dashboard_lines = ["severity>=WARNING", "jsonPayload.event=\"sync_finished\"", "jsonPayload.event=\"plan_usage\""]
}

resource "google_logging_metric" "runs" {
  depends_on = [time_sleep.services]

  project     = var.project_id
  name        = local.metric_name
  description = "Runs of ${var.name} that ended, by outcome. Dry runs do not count."
  filter      = "${local._event_filter["sync_finished"]} AND NOT jsonPayload.dry_run=true"

  label_extractors = {
    mode       = "EXTRACT(jsonPayload.mode)"
    outcome    = "EXTRACT(jsonPayload.outcome)"
    progressed = "EXTRACT(jsonPayload.progressed)"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    labels {
      key         = "mode"
      value_type  = "STRING"
      description = "incremental, backfill or verify"
    }
    labels {
      key         = "outcome"
      value_type  = "STRING"
      description = "success, partial or failed"
    }
    labels {
      key         = "progressed"
      value_type  = "STRING"
      description = "true if a stream is further on than before, as after every success; else false"
    }
  }
}

resource "google_monitoring_dashboard" "kondado" {
  depends_on = [google_logging_metric.runs]

  project = var.project_id
  dashboard_json = jsonencode({
    displayName = var.name
    mosaicLayout = {
      columns = 48
      tiles = [
        {
          width = 24, height = 16
          widget = {
            title = "Runs per hour, by outcome"
            xyChart = { dataSets = [{
              plotType        = "STACKED_BAR"
              timeSeriesQuery = { prometheusQuery = "sum by (outcome) (increase(${local._promql_runs}[1h]))" }
            }] }
          }
        },
        {
          xPos = 24, width = 24, height = 16
          widget = {
            title = "Memory of the instance, share of ${var.memory}"
            xyChart = { dataSets = [{
              plotType        = "LINE"
              timeSeriesQuery = { prometheusQuery = "histogram_quantile(0.99, sum by (le) (increase(${local._promql_memory}[5m])))" }
            }] }
          }
        },
        {
          yPos = 16, width = 48, height = 24
          widget = {
            title     = "Ends of runs, warnings and errors"
            logsPanel = { filter = "${local._service_filter} AND (${join(" OR ", local._dashboard_lines)})" }
          }
        },
      ]
    }
  })
}
