provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = var.labels
}

module "kondado" {
  source = "./modules/kondado"

  alert_emails              = var.alert_emails
  alert_plan_percent        = var.alert_plan_percent
  alert_silence_hours       = var.alert_silence_hours
  bigquery_timeout_seconds  = var.bigquery_timeout_seconds
  billing_time_zone         = var.billing_time_zone
  client_ids                = var.client_ids
  credentials_version       = var.credentials_version
  dataset_id                = var.dataset_id
  dataset_location          = var.dataset_location
  enable_continuation       = var.enable_continuation
  initial_element_id        = var.initial_element_id
  invokers                  = var.invokers
  kms_keys                  = var.kms_keys
  kondado_api               = var.kondado_api
  kondado_api_key           = var.kondado_api_key
  kondado_token             = var.kondado_token
  log_level                 = var.log_level
  lookback_minutes          = var.lookback_minutes
  memory                    = var.memory
  name                      = var.name
  partition_expiration_days = var.partition_expiration_days
  plan_active_pipelines     = var.plan_active_pipelines
  plan_records_per_month    = var.plan_records_per_month
  project_id                = var.project_id
  protect_data              = var.protect_data
  region                    = var.region
  runtime                   = var.runtime
  schedule                  = var.schedule
  schedule_paused           = var.schedule_paused
  schedule_time_zone        = var.schedule_time_zone
  streams                   = var.streams
  time_budget_seconds       = var.time_budget_seconds
  verify_schedule           = var.verify_schedule
  vpc                       = var.vpc
}
