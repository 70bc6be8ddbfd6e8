# Posts each execution to a webhook as a CloudEvent: its attributes are headers, its data is the body.

terraform {
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 8.0"
    }
  }
}

variable "project_id" {
  description = "The project of the topic."
  type        = string
}

variable "topic" {
  description = "The topic, as infra/ names it."
  type        = string
  default     = "kondado-log-sync-executions"
}

variable "webhook_url" {
  description = "What answers with 2xx once it has handled an execution, such as https://hooks.example.com/kondado."
  type        = string
}

# Whom the webhook's tokens name. It has no rights at all: it is only a name that Google vouches for.
resource "google_service_account" "caller" {
  project      = var.project_id
  account_id   = "kondado-webhook"
  display_name = "Calls the webhook for Kondado executions"
}

resource "google_pubsub_topic" "unhandled" {
  project                    = var.project_id
  name                       = "kondado-webhook-unhandled"
  message_retention_duration = "604800s"
}

resource "google_pubsub_subscription" "webhook" {
  project                    = var.project_id
  name                       = "kondado-webhook"
  topic                      = "projects/${var.project_id}/topics/${var.topic}"
  filter                     = "attributes.stream = \"pipeline_logs\" AND attributes.has_records = \"true\""
  enable_message_ordering    = true
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = var.webhook_url

    no_wrapper {
      write_metadata = true # the attributes become headers
    }

    oidc_token {
      service_account_email = google_service_account.caller.email
      audience              = var.webhook_url
    }
  }

  expiration_policy {
    ttl = "" # never
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.unhandled.id
    max_delivery_attempts = 20
  }
}

# Pub/Sub itself moves what could not be handled.
data "google_project" "this" {
  project_id = var.project_id
}

locals {
  pubsub = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic_iam_member" "unhandled" {
  project = var.project_id
  topic   = google_pubsub_topic.unhandled.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub
}

resource "google_pubsub_subscription_iam_member" "webhook" {
  project      = var.project_id
  subscription = google_pubsub_subscription.webhook.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub
}

output "caller" {
  description = "The account that the webhook's tokens must name."
  value       = google_service_account.caller.email
}
