locals {
  topic_name = "${var.name}-executions"
  topic      = "projects/${var.project_id}/topics/${local.topic_name}"
}

# Each new execution is published here. Without a schema: the messages are CloudEvents, whose data gains fields as Kondado does.
resource "google_pubsub_topic" "executions" {
  count      = var.events.enabled ? 1 : 0
  depends_on = [time_sleep.services]

  project      = var.project_id
  name         = local.topic_name
  labels       = local.labels
  kms_key_name = var.kms_keys.events
  # So long a subscription can be set back, also one that was made too late.
  message_retention_duration = "${var.events.retention_days * 24 * 60 * 60}s"
}

# On the topic alone.
resource "google_pubsub_topic_iam_member" "runtime" {
  count = var.events.enabled ? 1 : 0

  project = var.project_id
  topic   = google_pubsub_topic.executions[0].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.runtime.member
}
