locals {
  _service_filter = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}\""
  _event_filter = { for event in [
    "events_failed",
    "loss_expected",
    "pipeline_back",
    "plan_usage",
    "rows_rejected",
    "rows_repaired",
    "sync_finished",
  ] : event => "${local._service_filter} AND jsonPayload.event=\"${event}\"" }

  # One that is not overdue yet may fail already.
  _trouble_filter = "${local._service_filter} AND jsonPayload.event=(\"pipeline_overdue\" OR \"pipeline_failing\")"

  _object_labels = { for name in ["client_id", "link", "model_id", "model_name", "pipeline_id", "pipeline_name"] :
    name => "EXTRACT(jsonPayload.${name})"
  }

  # Conditions that match log lines, because one on a metric that does not exist yet is refused in the first apply.
  # Each combination of labels counts as an alert of its own, which mails once a day: so none of them is a figure that changes.
  # Lines about pipelines may carry their reason: there is one each time that something has changed.
  log_alerts = { for key, alert in {
    back = {
      severity = null
      filter   = local._event_filter["pipeline_back"]
      labels   = local._object_labels
    }
    events = var.events.enabled ? {
      severity = "ERROR"
      filter   = local._event_filter["events_failed"]
      labels   = { code = "EXTRACT(jsonPayload.code)" }
    } : null
    failed = {
      severity = "ERROR"
      filter = join(" AND ", [
        local._event_filter["sync_finished"],
        "jsonPayload.outcome=\"failed\"",
        # Somebody whose backfill was refused has the reason on the screen already.
        "NOT jsonPayload.error_code=\"INVALID_REQUEST\"",
      ])
      labels = { error_code = "EXTRACT(jsonPayload.error_code)" }
    }
    loss = {
      severity = "CRITICAL"
      filter   = local._event_filter["loss_expected"]
      labels   = { stream = "EXTRACT(jsonPayload.stream)" }
    }
    overdue = {
      severity = "WARNING"
      filter   = local._trouble_filter
      labels   = merge(local._object_labels, { reason = "EXTRACT(jsonPayload.reason)" })
    }
    plan = {
      severity = "WARNING"
      # A limit_date of null, which is none in sight, does not match.
      filter = "${local._event_filter["plan_usage"]} AND jsonPayload.limit_date=~\"^[0-9]{4}-\""
      labels = { limit_date = "EXTRACT(jsonPayload.limit_date)", link = "EXTRACT(jsonPayload.link)" }
    }
    plan_share = var.alert_plan_percent == null ? null : {
      severity = "WARNING"
      filter   = "${local._event_filter["plan_usage"]} AND jsonPayload.used_percent>=${var.alert_plan_percent}"
      labels   = { month = "EXTRACT(jsonPayload.month)" }
    }
    rejected = {
      severity = "WARNING"
      filter   = local._event_filter["rows_rejected"]
      labels   = { stream = "EXTRACT(jsonPayload.stream)" }
    }
    repaired = {
      severity = "WARNING"
      filter   = local._event_filter["rows_repaired"]
      labels   = { stream = "EXTRACT(jsonPayload.stream)" }
    }
    scheduler = {
      severity = "ERROR"
      filter = join(" AND ", [
        "resource.type=\"cloud_scheduler_job\"",
        "resource.labels.job_id=~\"^${var.name}(-verify)?$\"",
        "severity>=ERROR",
        # What the function answers itself: a run that is still under way, or one that failed, which has an alert of its own.
        "NOT httpRequest.status=(409 OR 500 OR 502 OR 503)",
      ])
      labels = { status = "EXTRACT(jsonPayload.status)" }
    }
  } : key => alert if alert != null }

  _texts     = local.alert_texts[var.language]
  _channels  = concat([for channel in google_monitoring_notification_channel.emails : channel.id], tolist(var.notification_channels))
  _logs_link = "${local._console}/run/detail/${var.region}/${var.name}/observability/logs?project=${var.project_id}"
}

resource "google_monitoring_notification_channel" "emails" {
  for_each   = var.alert_emails
  depends_on = [time_sleep.services]

  project      = var.project_id
  display_name = "${var.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = local.labels
  # An address that leaves the list is still named by the alerts, which change after it.
  force_delete = true
}

resource "google_monitoring_alert_policy" "logs" {
  for_each   = local.log_alerts
  depends_on = [time_sleep.services]

  project               = var.project_id
  display_name          = "${var.name}: ${local._texts[each.key].title}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = local.labels
  notification_channels = local._channels

  conditions {
    display_name = local._texts[each.key].title
    condition_matched_log {
      filter           = each.value.filter
      label_extractors = each.value.labels
    }
  }

  alert_strategy {
    auto_close = "604800s"
    notification_rate_limit {
      period = "86400s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.name}: ${local._texts[each.key].subject}"
    content   = "${local._texts[each.key].text}\n${local._texts.footer}"
    links {
      display_name = local._texts.logs
      url          = local._logs_link
    }
  }
}

resource "google_monitoring_alert_policy" "silence" {
  count      = var.alert_silence_hours > 0 ? 1 : 0
  depends_on = [google_logging_metric.runs]

  project               = var.project_id
  display_name          = "${var.name}: ${local._texts.silence.title}"
  combiner              = "OR"
  severity              = "CRITICAL"
  user_labels           = local.labels
  enabled               = !var.schedule_paused
  notification_channels = local._channels

  conditions {
    display_name = local._texts.silence.title
    # A condition_absent waits for a first data point, so an installation that never worked would stay silent for ever.
    condition_prometheus_query_language {
      query               = "(sum(increase(${local._promql_progress}[${var.alert_silence_hours}h])) or vector(0)) < 0.5"
      duration            = "0s"
      evaluation_interval = "300s"
      # The metric exists only after the first run.
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close           = "604800s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.name}: ${local._texts.silence.subject}"
    content   = "${local._texts.silence.text}\n${local._texts.footer}"
    links {
      display_name = local._texts.logs
      url          = local._logs_link
    }
  }
}
