locals {
  _service_filter = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}\""
  _event_filter = { for event in [
    "loss_expected",
    "pipeline_overdue",
    "plan_usage",
    "rows_rejected",
    "rows_repaired",
    "sync_finished",
  ] : event => "${local._service_filter} AND jsonPayload.event=\"${event}\"" }

  metric_name = replace("${var.name}-runs", "-", "_")
  # How PromQL names a log-based metric: the first slash of the type becomes a colon.
  _promql_metric    = "logging_googleapis_com:user_${local.metric_name}"
  _promql_service   = "monitored_resource=\"cloud_run_revision\""
  _promql_runs      = "${local._promql_metric}{${local._promql_service}}"
  _promql_good_runs = "${local._promql_metric}{${local._promql_service},outcome=~\"success|partial\",mode=\"incremental\"}"
  _promql_memory    = "run_googleapis_com:container_memory_utilizations_bucket{${local._promql_service},service_name=\"${var.name}\"}"

  _logs_link = "[Logs of the function](${local._console}/run/detail/${var.region}/${var.name}/observability/logs?project=${var.project_id})"

  _dashboard_lines = ["severity>=WARNING", "jsonPayload.event=\"sync_finished\"", "jsonPayload.event=\"plan_usage\""]

  # Conditions that match log lines, because one on a metric that does not exist yet is refused in the first apply.
  # Each combination of labels counts as an alert of its own, with its own period: so none of them is a figure that changes.
  log_alerts = {
    failed = {
      title    = "a run failed"
      severity = "ERROR"
      period   = "3600s"
      filter = join(" AND ", [
        local._event_filter["sync_finished"],
        "jsonPayload.outcome=\"failed\"",
        # Somebody whose backfill was refused has the reason on the screen already.
        "NOT jsonPayload.error_code=\"INVALID_REQUEST\"",
      ])
      labels = { error_code = "EXTRACT(jsonPayload.error_code)", mode = "EXTRACT(jsonPayload.mode)" }
      text   = <<-EOT
        A run failed ($${log.extracted_label.mode}, $${log.extracted_label.error_code}). Nothing that is stored is lost: the next run
        continues from there. The log line says what went wrong and what to do.
      EOT
    }
    loss = {
      title    = "logs will be lost"
      severity = "CRITICAL"
      period   = "86400s"
      filter   = local._event_filter["loss_expected"]
      labels   = { stream = "EXTRACT(jsonPayload.stream)" }
      text     = <<-EOT
        The copy of $${log.extracted_label.stream} is so far behind, and advances so slowly, that Kondado will delete logs before
        they are read. The log line says from when on, and what to do: fix what makes runs fail, or set enable_continuation = true.
      EOT
    }
    overdue = {
      title    = "a pipeline is overdue"
      severity = "WARNING"
      period   = "86400s"
      filter   = local._event_filter["pipeline_overdue"]
      labels = {
        client_id     = "EXTRACT(jsonPayload.client_id)"
        model_id      = "EXTRACT(jsonPayload.model_id)"
        model_name    = "EXTRACT(jsonPayload.model_name)"
        pipeline_id   = "EXTRACT(jsonPayload.pipeline_id)"
        pipeline_name = "EXTRACT(jsonPayload.pipeline_name)"
      }
      # A line is about a pipeline or a model; the labels of the other are empty.
      text = <<-EOT
        The pipeline or model $${log.extracted_label.pipeline_name}$${log.extracted_label.model_name}
        (id $${log.extracted_label.pipeline_id}$${log.extracted_label.model_id}, client $${log.extracted_label.client_id})
        has not finished when it usually does. Kondado logs no failures: look at it in Kondado. The log line has the reason;
        the page and the views pipeline_status and model_status show all of them.
      EOT
    }
    plan = {
      title    = "the plan's limit is near"
      severity = "WARNING"
      period   = "86400s"
      filter = join(" AND ", [
        local._event_filter["plan_usage"],
        # A limit_date of null, which is none in sight, matches neither.
        "(jsonPayload.used_percent>=${var.alert_plan_percent} OR jsonPayload.limit_date=~\"^[0-9]{4}-\")",
      ])
      labels = { limit_date = "EXTRACT(jsonPayload.limit_date)" }
      text   = <<-EOT
        ${var.alert_plan_percent} % or more of the Kondado plan is used, or it will be used up before the month ends:
        on $${log.extracted_label.limit_date} (empty: not in sight). Kondado pauses pipelines then. The log line has the figures.
      EOT
    }
    rejected = {
      title    = "rows were set aside"
      severity = "WARNING"
      period   = "86400s"
      filter   = local._event_filter["rows_rejected"]
      labels   = { stream = "EXTRACT(jsonPayload.stream)" }
      text     = <<-EOT
        Rows of $${log.extracted_label.stream} could not be stored and are in the table rejected_rows, with the reason.
        The others were stored.
      EOT
    }
    repaired = {
      title    = "rows were missing"
      severity = "WARNING"
      period   = "86400s"
      filter   = local._event_filter["rows_repaired"]
      labels   = { stream = "EXTRACT(jsonPayload.stream)" }
      text     = <<-EOT
        A verification found that rows of $${log.extracted_label.stream} were missing in BigQuery, and stored them. The log line
        names the range of ids and the count. Somebody or something may have deleted them.
      EOT
    }
    scheduler = {
      title    = "the schedule could not start a run"
      severity = "ERROR"
      period   = "86400s"
      filter = join(" AND ", [
        "resource.type=\"cloud_scheduler_job\"",
        "resource.labels.job_id=~\"^${var.name}(-verify)?$\"",
        "severity>=ERROR",
        # A run that is still under way, which is no error.
        "NOT httpRequest.status=409",
      ])
      labels = { status = "EXTRACT(jsonPayload.status)" }
      text   = <<-EOT
        Cloud Scheduler got no good answer ($${log.extracted_label.status}). If there is an alert about a failed run too, that one
        has the reason. If not, the function could not be reached or died: look at its logs, and at the grants of the account
        ${var.name}-sched.
      EOT
    }
  }
}

resource "google_monitoring_notification_channel" "emails" {
  for_each   = var.alert_emails
  depends_on = [time_sleep.services]

  project      = var.project_id
  display_name = "${var.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = local.labels
}

resource "google_logging_metric" "runs" {
  depends_on = [time_sleep.services]

  project     = var.project_id
  name        = local.metric_name
  description = "Runs of ${var.name} that ended, by outcome. Dry runs do not count."
  filter      = "${local._event_filter["sync_finished"]} AND NOT jsonPayload.dry_run=true"

  label_extractors = {
    mode    = "EXTRACT(jsonPayload.mode)"
    outcome = "EXTRACT(jsonPayload.outcome)"
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
  }
}

resource "google_monitoring_alert_policy" "logs" {
  for_each   = local.log_alerts
  depends_on = [time_sleep.services]

  project               = var.project_id
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = local.labels
  notification_channels = [for channel in google_monitoring_notification_channel.emails : channel.id]

  conditions {
    display_name = each.value.title
    condition_matched_log {
      filter           = each.value.filter
      label_extractors = each.value.labels
    }
  }

  alert_strategy {
    auto_close = "604800s"
    notification_rate_limit {
      period = each.value.period
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.text}\n${local._logs_link}"
  }
}

resource "google_monitoring_alert_policy" "silence" {
  count      = var.alert_silence_hours > 0 ? 1 : 0
  depends_on = [google_logging_metric.runs]

  project               = var.project_id
  display_name          = "${var.name}: no successful run for ${var.alert_silence_hours} hours"
  combiner              = "OR"
  severity              = "CRITICAL"
  user_labels           = local.labels
  enabled               = !var.schedule_paused
  notification_channels = [for channel in google_monitoring_notification_channel.emails : channel.id]

  conditions {
    display_name = "no successful run for ${var.alert_silence_hours} hours"
    # A condition_absent waits for a first data point, so an installation that never worked would stay silent for ever.
    condition_prometheus_query_language {
      query               = "(sum(increase(${local._promql_good_runs}[${var.alert_silence_hours}h])) or vector(0)) < 0.5"
      duration            = "0s"
      evaluation_interval = "300s"
      # The metric exists only after the first run.
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "604800s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = <<-EOT
      No run ended well within ${var.alert_silence_hours} hours. Kondado deletes logs after 90 days, so there is time to fix it.
      Right after the first apply this only means that no run has ended yet.

      ${local._logs_link}
    EOT
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
