locals {
  # What is deployed, and nothing else: a list of what to leave out would forget somebody's .env.
  archive_patterns = [
    "functions/**/*.json",
    "functions/**/*.sql",
    "functions/**/*.ts",
    "package-lock.json",
    "package.json",
  ]
  _archive_files = toset(flatten([for pattern in local.archive_patterns : fileset(local.repository, pattern)]))

  # Of the files and not of the zip, which another version of the provider compresses otherwise.
  source_hash = sha256(join("\n", [for file in local._archive_files : "${filesha256("${local.repository}/${file}")} ${file}"]))

  # A run ends by itself (time_budget_seconds), before the platform ends it, before Cloud Scheduler stops waiting.
  timeout_seconds          = 1740
  attempt_deadline_seconds = 1800

  # Every variable of functions/variables.ts that makes sense here; a test compares the two.
  environment = {
    BIGQUERY_DATASET                 = google_bigquery_dataset.kondado.dataset_id
    BIGQUERY_LOCATION                = google_bigquery_dataset.kondado.location
    BIGQUERY_PROJECT                 = var.project_id
    BIGQUERY_TIMEOUT_SECONDS         = tostring(var.bigquery_timeout_seconds)
    BILLING_TIME_ZONE                = var.billing_time_zone
    CONTINUATION_QUEUE               = var.enable_continuation ? local.continuation_queue : ""
    DISPLAY_LANGUAGE                 = var.language
    EVENTS_TOPIC                     = var.events.enabled ? local.topic : ""
    INITIAL_ELEMENT_ID               = format("%d", var.initial_element_id)
    KONDADO_API_KEY_SECRET           = local.secret_versions["api_key"]
    KONDADO_BASE_URL                 = var.kondado_api.base_url
    KONDADO_CLIENT_IDS               = join(",", var.client_ids)
    KONDADO_MODEL_LOGS_PATH          = var.kondado_api.model_logs_path
    KONDADO_MODEL_STATUS_PATH        = var.kondado_api.model_status_path
    KONDADO_PIPELINE_LOGS_PATH       = var.kondado_api.pipeline_logs_path
    KONDADO_PIPELINE_STATUS_PATH     = var.kondado_api.pipeline_status_path
    KONDADO_RATE_LIMIT_PAUSE_SECONDS = tostring(var.kondado_api.rate_limit_pause_seconds)
    KONDADO_REQUESTS_PER_MINUTE      = tostring(var.kondado_api.requests_per_minute)
    KONDADO_REQUESTS_PER_SECOND      = tostring(var.kondado_api.requests_per_second)
    KONDADO_REQUEST_TIMEOUT_SECONDS  = tostring(var.kondado_api.request_timeout_seconds)
    KONDADO_TOKEN_SECRET             = local.secret_versions["token"]
    LOG_LEVEL                        = var.log_level
    LOOKBACK_MINUTES                 = tostring(var.lookback_minutes)
    MUTED_MODELS                     = join(",", var.muted_models)
    MUTED_PIPELINES                  = join(",", var.muted_pipelines)
    PLAN_ACTIVE_PIPELINES            = try(format("%d", var.plan_active_pipelines), "")
    PLAN_RECORDS_PER_MONTH           = try(format("%d", var.plan_records_per_month), "")
    # It is read back, so that a deployment whose build failed is tried again. Without it the next apply would find no changes.
    SOURCE_HASH             = substr(local.source_hash, 0, 12)
    STATUS_REQUESTS_PER_RUN = format("%d", var.status_requests_per_run)
    STREAMS                 = join(",", var.streams)
    TIME_BUDGET_SECONDS     = tostring(var.time_budget_seconds)
    WAREHOUSE               = "bigquery"
  }
}

data "archive_file" "function" {
  type        = "zip"
  output_path = "${path.root}/.terraform/${var.name}.zip"

  # Contents instead of a folder, because the modes of files differ from computer to computer, and the hash with them.
  dynamic "source" {
    for_each = local._archive_files
    content {
      filename = source.value
      content  = file("${local.repository}/${source.value}")
    }
  }

  lifecycle {
    # Terraform links to a module given by its full path alone, and finds nothing beside it.
    precondition {
      condition     = contains(local._archive_files, "functions/index.ts")
      error_message = "There is no code beside infra/. As a module's source give the whole repository: \"/path/to/repository//infra\"."
    }
  }
}

resource "google_storage_bucket" "source" {
  depends_on = [time_sleep.services]

  project                     = var.project_id
  name                        = "${var.project_id}-${var.name}-source"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # it holds nothing but the zip, which the next apply uploads again
}

resource "google_storage_bucket_object" "source" {
  bucket = google_storage_bucket.source.name
  # The hash in the name: other contents deploy, and nothing else does.
  name   = "function-${local.source_hash}.zip"
  source = data.archive_file.function.output_path
}

# The default repository keeps the image of every deployment for ever.
resource "google_artifact_registry_repository" "images" {
  depends_on = [time_sleep.services]

  project                = var.project_id
  location               = var.region
  repository_id          = var.name
  description            = "Images of the function ${var.name}."
  labels                 = local.labels
  format                 = "DOCKER"
  cleanup_policy_dry_run = false

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 3
    }
  }

  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }
}

# The Compute default account, which would build otherwise, often has no roles at all.
resource "google_service_account" "build" {
  depends_on = [time_sleep.services]

  project      = var.project_id
  account_id   = "${var.name}-build"
  display_name = "Builds the function ${var.name}"
}

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = var.project_id
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# On the project, because the bucket that Cloud Functions copies the source to does not exist yet.
resource "google_project_iam_member" "build_source" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title       = "source-of-functions"
    description = "Only the buckets in which Cloud Functions keeps the source of functions."
    expression  = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}

# Grants work some time after they are made; a build that is refused fails the whole apply.
resource "time_sleep" "build_grants" {
  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_source,
  ]
  create_duration = "60s"
  triggers        = { account = google_service_account.build.email }
}

resource "google_service_account" "runtime" {
  depends_on = [time_sleep.services]

  project      = var.project_id
  account_id   = "${var.name}-runtime"
  display_name = "Runs the function ${var.name}"
}

resource "google_cloudfunctions2_function" "sync" {
  # The tables first: new code must not meet an old table because the update of that failed.
  depends_on = [time_sleep.build_grants, google_bigquery_table.tables]

  project     = var.project_id
  location    = var.region
  name        = var.name # kebab-case, so that the Cloud Run service has the same name
  description = "Copies new Kondado logs into BigQuery."
  labels      = local.labels

  build_config {
    runtime           = var.runtime
    entry_point       = "sync"
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id

    # No package needs its install script, and one that was taken over would run it with the build account's grants.
    environment_variables = { NPM_CONFIG_IGNORE_SCRIPTS = "true" }

    source {
      storage_source {
        bucket     = google_storage_bucket.source.name
        object     = google_storage_bucket_object.source.name
        generation = google_storage_bucket_object.source.generation # else it is known only after each apply
      }
    }
  }

  service_config {
    service_account_email = google_service_account.runtime.email
    environment_variables = { for name, value in local.environment : name => value if value != "" }
    timeout_seconds       = local.timeout_seconds
    available_memory      = var.memory
    available_cpu         = "1"
    ingress_settings      = "ALLOW_ALL" # reachable, but only with an identity that may invoke it

    # One run at a time. A little concurrency, so that a second caller gets its answer during a run.
    min_instance_count               = 0
    max_instance_count               = 1
    max_instance_request_concurrency = 4

    direct_vpc_egress = var.vpc == null ? null : "VPC_EGRESS_ALL_TRAFFIC"
    dynamic "direct_vpc_network_interface" {
      for_each = var.vpc[*]
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
        tags       = direct_vpc_network_interface.value.tags
      }
    }
  }
}

locals {
  _invoker_roles = [
    "roles/run.invoker",
    "roles/run.viewer", # `gcloud run services proxy` looks the service up first
  ]
  _invokers = { for pair in setproduct(var.invokers, local._invoker_roles) : join(" ", pair) => { member = pair[0], role = pair[1] } }
}

# On the Cloud Run service: for functions of the 2nd generation the role cloudfunctions.invoker does nothing.
resource "google_cloud_run_v2_service_iam_member" "invokers" {
  for_each = local._invokers

  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.sync.name
  role     = each.value.role
  member   = each.value.member

  lifecycle {
    # A function that is replaced comes back without grants.
    replace_triggered_by = [google_cloudfunctions2_function.sync.id]
  }
}
