locals {
  # What is deployed and what the tables and views look like lies beside this folder, here and in a module's copy of the repository.
  repository = "${path.module}/.."

  # Null without the code beside this folder, of which the archive tells.
  time_zones = try(split(" ", join(" ", jsondecode(file("${local.repository}/functions/time-zones.json")))), null)

  labels = merge({ application = "kondado-log-sync" }, var.labels)

  services = toset(concat([
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudscheduler.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ], var.enable_continuation ? ["cloudtasks.googleapis.com"] : [], var.events.enabled ? ["pubsub.googleapis.com"] : []))
}

# The provider reads the state of every other service through this one.
resource "google_project_service" "resource_manager" {
  project            = var.project_id
  service            = "cloudresourcemanager.googleapis.com"
  disable_on_destroy = false
}

resource "time_sleep" "resource_manager" {
  depends_on      = [google_project_service.resource_manager]
  create_duration = "30s"
}

resource "google_project_service" "services" {
  for_each = local.services

  depends_on         = [time_sleep.resource_manager]
  project            = var.project_id
  service            = each.key
  disable_on_destroy = false
}

# A service answers "not enabled" for a while after it was enabled. The triggers make an upgrade that adds one wait again.
resource "time_sleep" "services" {
  depends_on      = [google_project_service.services]
  create_duration = "90s"
  triggers        = { services = join(",", local.services) }
}
