locals {
  repository = "${path.module}/../../.."

  _schema_folder = "${local.repository}/functions/schema"
  _view_folder   = "${local.repository}/functions/views/bigquery"

  tables = { for file in fileset(local._schema_folder, "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${local._schema_folder}/${file}"))
  }

  _partition_expiration_ms = try(var.partition_expiration_days * 24 * 60 * 60 * 1000, null)

  _view_files = { for file in fileset(local._view_folder, "*.sql") : trimsuffix(file, ".sql") => "${local._view_folder}/${file}" }
  views = { for name, file in local._view_files : name => {
    query = templatefile(file, {
      dataset        = "${var.project_id}.${var.dataset_id}"
      now            = "CURRENT_TIMESTAMP()"
      time_zone      = var.billing_time_zone
      plan_records   = var.plan_records_per_month == null ? "NULL" : format("%d", var.plan_records_per_month)
      plan_pipelines = var.plan_active_pipelines == null ? "NULL" : format("%d", var.plan_active_pipelines)
    })
    # The first line of each file says which question the view answers.
    description = try(regex("^-- *([^\\r\\n]+)", file(file))[0], name)
    # The other views that it reads: BigQuery refuses a view that comes before them.
    reads = [for other in distinct(flatten(regexall("\\$\\{dataset\\}\\.(\\w+)", file(file)))) : other if contains(keys(local._view_files), other) && other != name]
  } }

  # Terraform cannot order the instances of one resource, so there is one resource for each depth.
  _depth_0 = [for name, view in local.views : name if length(view.reads) == 0]
  _below_1 = local._depth_0
  _depth_1 = [for name, view in local.views : name if !contains(local._below_1, name) && length(setsubtract(view.reads, local._below_1)) == 0]
  _below_2 = concat(local._below_1, local._depth_1)
  _depth_2 = [for name, view in local.views : name if !contains(local._below_2, name) && length(setsubtract(view.reads, local._below_2)) == 0]
  _below_3 = concat(local._below_2, local._depth_2)
  _depth_3 = [for name, view in local.views : name if !contains(local._below_3, name)]
}

resource "google_bigquery_dataset" "kondado" {
  depends_on = [time_sleep.services]

  project     = var.project_id
  dataset_id  = var.dataset_id
  location    = var.dataset_location
  description = "A permanent copy of the Kondado logs."

  # A dataset has no deletion_protection of its own.
  deletion_policy            = var.protect_data ? "PREVENT" : "DELETE"
  delete_contents_on_destroy = false

  dynamic "default_encryption_configuration" {
    for_each = var.kms_keys.dataset[*]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
}

resource "google_bigquery_table" "tables" {
  for_each = local.tables

  project     = var.project_id
  dataset_id  = google_bigquery_dataset.kondado.dataset_id
  table_id    = each.key
  description = each.value.description
  schema      = jsonencode(each.value.schema)
  clustering  = each.value.clustering

  # true breaks reporting tools, and every view that reads all days.
  require_partition_filter = false
  deletion_protection      = var.protect_data

  time_partitioning {
    type          = each.value.partition.type
    field         = each.value.partition.field
    expiration_ms = local._partition_expiration_ms
  }

  lifecycle {
    # Tables inherit the dataset's key. Without this a new key would replace them, and their rows with them.
    ignore_changes = [encryption_configuration]
  }
}

resource "google_bigquery_table" "views" {
  for_each   = toset(local._depth_0)
  depends_on = [google_bigquery_table.tables]

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.kondado.dataset_id
  table_id            = each.key
  description         = local.views[each.key].description
  deletion_protection = false

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false # unset means legacy SQL since version 7 of the provider
  }
}

resource "google_bigquery_table" "views_on_views" {
  for_each   = toset(local._depth_1)
  depends_on = [google_bigquery_table.views]

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.kondado.dataset_id
  table_id            = each.key
  description         = local.views[each.key].description
  deletion_protection = false

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }
}

resource "google_bigquery_table" "views_two_up" {
  for_each   = toset(local._depth_2)
  depends_on = [google_bigquery_table.views_on_views]

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.kondado.dataset_id
  table_id            = each.key
  description         = local.views[each.key].description
  deletion_protection = false

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }
}

resource "google_bigquery_table" "views_three_up" {
  for_each   = toset(local._depth_3)
  depends_on = [google_bigquery_table.views_two_up]

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.kondado.dataset_id
  table_id            = each.key
  description         = local.views[each.key].description
  deletion_protection = false

  view {
    query          = local.views[each.key].query
    use_legacy_sql = false
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(local.views[each.key].reads, local._below_3)) == 0
      error_message = "The view ${each.key} reads a view that is itself three views above the tables, or they read each other: add another depth to bigquery.tf."
    }
  }
}

resource "google_project_iam_custom_role" "appender" {
  depends_on = [time_sleep.services]

  project     = var.project_id
  role_id     = replace("${var.name}-appender", "-", "_")
  title       = "Kondado Log Sync: append to tables"
  description = "Reads tables and appends rows. Cannot create, alter or drop anything."
  permissions = [
    "bigquery.datasets.get",
    "bigquery.tables.get",
    "bigquery.tables.getData",
    "bigquery.tables.list",
    "bigquery.tables.updateData",
  ]
}

resource "google_bigquery_dataset_iam_member" "runtime" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.kondado.dataset_id
  role       = google_project_iam_custom_role.appender.id
  member     = google_service_account.runtime.member
}

# Queries are jobs, and jobs belong to a project: this role exists nowhere lower.
resource "google_project_iam_member" "runtime_jobs" {
  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.runtime.member
}
