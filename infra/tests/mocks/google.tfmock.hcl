# An id that other resources check the form of.
mock_resource "google_project_iam_custom_role" {
  defaults = { id = "projects/my-project/roles/kondado_log_sync_appender" }
}
