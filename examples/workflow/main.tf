# Starts a Dataform job when one pipeline has finished with records: Pub/Sub, Eventarc, Workflows.

terraform {
  required_version = ">= 1.11"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 8.0"
    }
  }
}

variable "dataform_repository" {
  description = "What to run, projects/P/locations/L/repositories/R."
  type        = string
}

variable "pipeline_id" {
  description = "The pipeline after which it runs."
  type        = number
}

variable "project_id" {
  description = "The project of the topic."
  type        = string
}

variable "region" {
  description = "The region of the topic, the trigger and the workflow."
  type        = string
}

variable "topic" {
  description = "The topic, as infra/ names it."
  type        = string
  default     = "kondado-log-sync-executions"
}

resource "google_service_account" "workflow" {
  project      = var.project_id
  account_id   = "kondado-workflow"
  display_name = "Starts Dataform after Kondado executions"
}

locals {
  roles = ["roles/dataform.editor", "roles/eventarc.eventReceiver", "roles/logging.logWriter", "roles/workflows.invoker"]
}

resource "google_project_iam_member" "workflow" {
  for_each = toset(local.roles)

  project = var.project_id
  role    = each.value
  member  = google_service_account.workflow.member
}

resource "google_workflows_workflow" "after_pipeline" {
  project             = var.project_id
  region              = var.region
  name                = "after-pipeline-${var.pipeline_id}"
  description         = "Runs Dataform when the pipeline has finished with records."
  service_account     = google_service_account.workflow.id
  source_contents     = file("${path.module}/workflow.yaml")
  deletion_protection = false

  user_env_vars = {
    DATAFORM_REPOSITORY = var.dataform_repository
    PIPELINE_ID         = format("%d", var.pipeline_id)
  }
}

# Every execution starts the workflow, which looks at the attributes: Eventarc filters Pub/Sub by its topic alone.
resource "google_eventarc_trigger" "executions" {
  depends_on = [google_project_iam_member.workflow]

  project         = var.project_id
  location        = var.region
  name            = "kondado-executions"
  service_account = google_service_account.workflow.email

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }

  transport {
    pubsub {
      topic = "projects/${var.project_id}/topics/${var.topic}"
    }
  }

  destination {
    workflow = google_workflows_workflow.after_pipeline.id
  }
}
