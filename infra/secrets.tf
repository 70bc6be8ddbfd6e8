locals {
  # Their names do not depend on var.name: a new name of the function must not replace them, and lose what they hold.
  secrets = {
    api_key = "kondado-api-key-${var.dataset_id}"
    token   = "kondado-token-${var.dataset_id}"
  }

  _values = {
    api_key = var.kondado_api_key
    token   = var.kondado_token
  }

  # "latest" rotates without a redeploy, and a missing version is an error of the run, not of the deployment.
  secret_versions = { for key, secret in google_secret_manager_secret.kondado :
    key => "projects/${var.project_id}/secrets/${secret.secret_id}/versions/latest"
  }
}

resource "google_secret_manager_secret" "kondado" {
  for_each   = local.secrets
  depends_on = [time_sleep.services]

  project             = var.project_id
  secret_id           = each.value
  labels              = local.labels
  deletion_protection = var.protect_data
  version_destroy_ttl = "604800s" # destroyed versions can be brought back for 7 days

  replication {
    auto {
      dynamic "customer_managed_encryption" {
        for_each = var.kms_keys.secrets[*]
        content {
          kms_key_name = customer_managed_encryption.value
        }
      }
    }
  }

  lifecycle {
    # A new key would replace the secrets, and the credentials with them.
    ignore_changes = [replication]
  }
}

resource "google_secret_manager_secret_version" "kondado" {
  # Driven by the number, because for_each cannot see the values.
  for_each = var.credentials_version > 0 ? local.secrets : {}

  secret                 = google_secret_manager_secret.kondado[each.key].id
  secret_data_wo         = local._values[each.key]
  secret_data_wo_version = tostring(var.credentials_version)

  lifecycle {
    # There is a newer version before the older one goes, so a run in between finds one.
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "runtime" {
  for_each = local.secrets

  project   = var.project_id
  secret_id = google_secret_manager_secret.kondado[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runtime.member
}
