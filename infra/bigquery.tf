locals {
  _schema_folder = "${local.repository}/functions/schema"
  _view_folder   = "${local.repository}/functions/views"

  tables = { for file in fileset(local._schema_folder, "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${local._schema_folder}/${file}"))
  }

  # 0 is never. Null would leave it as it was: the provider takes over what BigQuery answers.
  _partition_expiration_ms = var.partition_expiration_days * 24 * 60 * 60 * 1000

  # A file whose name holds {object} asks the same of pipelines and of models: it is two views.
  _view_files = merge(flatten([for file in fileset(local._view_folder, "*.sql") : [
    for object in strcontains(file, "{object}") ? ["pipeline", "model"] : [""] :
    { (trimsuffix(replace(file, "{object}", object), ".sql")) = { file = file, object = object } }
  ]])...)

  # A view keeps the columns that its tables had when it was made. With this in its text it is made again when they change.
  _columns_hash = substr(sha256(jsonencode({ for name, table in local.tables : name => table.schema })), 0, 12)

  _view_values = { for object in ["", "model", "pipeline"] : object => {
    dataset        = "${var.project_id}.${var.dataset_id}"
    now            = "CURRENT_TIMESTAMP()"
    object         = object
    plan_pipelines = var.plan_active_pipelines == null ? "NULL" : format("%d", var.plan_active_pipelines)
    plan_records   = var.plan_records_per_month == null ? "NULL" : format("%d", var.plan_records_per_month)
    time_zone      = var.billing_time_zone
  } }

  _view_texts = { for name, view in local._view_files : name => templatefile("${local._view_folder}/${view.file}", merge(
    local._view_values[view.object],
    # Steps that stand in a file of their own.
    {
      regimes = trimspace(templatefile("${local._view_folder}/steps/regimes.sql", local._view_values[view.object]))
      silence = trimspace(templatefile("${local._view_folder}/steps/silence.sql", local._view_values[view.object]))
    },
  )) }

  views = { for name, text in local._view_texts : name => "${trimspace(text)}\n-- Columns of the tables: ${local._columns_hash}\n" }

  # The first line of each text says which question the view answers.
  _view_descriptions = { for name, query in local.views : name => regex("^-- *([^\\r\\n]+)", query)[0] }
}

resource "google_bigquery_dataset" "kondado" {
  depends_on = [time_sleep.services]

  project     = var.project_id
  dataset_id  = var.dataset_id
  location    = coalesce(var.dataset_location, var.region)
  description = "A permanent copy of the Kondado logs."
  labels      = local.labels

  # A dataset has no deletion_protection of its own.
  deletion_policy            = var.protect_data ? "PREVENT" : "DELETE"
  delete_contents_on_destroy = false

  dynamic "default_encryption_configuration" {
    for_each = var.kms_keys.dataset[*]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    # Data stays where it is: another location, or another region, would replace the dataset.
    ignore_changes = [location]
  }
}

check "dataset_location" {
  assert {
    condition = lower(google_bigquery_dataset.kondado.location) == lower(coalesce(var.dataset_location, google_bigquery_dataset.kondado.location))
    error_message = join(" ", [
      "The data stays in ${google_bigquery_dataset.kondado.location}: the location of a dataset cannot be changed.",
      "Set dataset_location to that; docs/operate.md says how to move.",
    ])
  }
}

resource "google_bigquery_table" "tables" {
  for_each = local.tables

  project     = var.project_id
  dataset_id  = google_bigquery_dataset.kondado.dataset_id
  table_id    = each.key
  description = each.value.description
  labels      = local.labels
  schema      = jsonencode(each.value.schema)
  clustering  = each.value.clustering

  # true breaks reporting tools, and every view that reads all days.
  require_partition_filter = false
  deletion_protection      = var.protect_data

  # A column that the schema files lack, of a newer release or added by hand, would be dropped as an update in place.
  ignore_auto_generated_schema = true

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

# BigQuery refuses a view before what it reads is there: first those that read tables only, then those that read these too.
resource "google_bigquery_table" "latest_views" {
  for_each   = { for name, query in local.views : name => query if endswith(name, "_latest") }
  depends_on = [google_bigquery_table.tables]

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.kondado.dataset_id
  table_id            = each.key
  description         = local._view_descriptions[each.key]
  labels              = local.labels
  deletion_protection = false

  view {
    query          = each.value
    use_legacy_sql = false # unset means legacy SQL since version 7 of the provider
  }
}

resource "google_bigquery_table" "views" {
  for_each   = { for name, query in local.views : name => query if !endswith(name, "_latest") }
  depends_on = [google_bigquery_table.latest_views]

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.kondado.dataset_id
  table_id            = each.key
  description         = local._view_descriptions[each.key]
  labels              = local.labels
  deletion_protection = false

  view {
    query          = each.value
    use_legacy_sql = false
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
