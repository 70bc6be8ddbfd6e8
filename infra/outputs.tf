output "add_credentials" {
  description = "Stores the Kondado credentials, or rotates them: paste each command, then the value, then Enter and Ctrl-D. The next run uses them."
  value       = module.kondado.add_credentials
}

output "backfill" {
  description = "Says what a backfill would read; without \"dry_run\" it reads and stores it. For those in invokers. A partial one goes on from next_id: send {\"from_id\": next_id}."
  value       = module.kondado.backfill
}

output "console" {
  description = "Pages of the Google Cloud console."
  value       = module.kondado.console
}

output "dataset" {
  description = "The dataset, as it stands in a query."
  value       = module.kondado.dataset
}

output "looker_studio" {
  description = "Opens a new report in Looker Studio on the pipeline logs."
  value       = module.kondado.looker_studio
}

output "open_page" {
  description = "Serves the page on http://localhost:8080, for those in invokers."
  value       = module.kondado.open_page
}

output "query" {
  description = "Asks BigQuery for the last runs."
  value       = module.kondado.query
}

output "read_logs" {
  description = "Shows the log lines of the last hour, newest first."
  value       = module.kondado.read_logs
}

output "run_now" {
  description = "Starts a run at once, as the schedule does."
  value       = module.kondado.run_now
}

output "service_accounts" {
  description = "The accounts that build, run and start the function."
  value       = module.kondado.service_accounts
}

output "url" {
  description = "Where the function is served. It answers only to those who may invoke it."
  value       = module.kondado.url
}
