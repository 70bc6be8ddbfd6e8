# What is read from Kondado, and with which credentials.

variable "client_ids" {
  description = "Kondado accounts or workspaces, each read separately. Empty: one read of everything that the token may see."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.client_ids : can(regex("^[0-9]{1,18}$", id))])
    error_message = "client_ids must be whole numbers, such as [\"1234\", \"5678\"]."
  }
}

variable "credentials_version" {
  description = "Raise it by one to store new values of the two credentials. 0: Terraform stores none; the output add_credentials does."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.credentials_version == floor(var.credentials_version) && var.credentials_version >= 0
    error_message = "credentials_version must be 0 if you add the credentials with gcloud, else 1, and one more for each rotation."
  }
}

variable "initial_element_id" {
  description = "The log id at which the very first run starts. 0: at the oldest log that Kondado still has."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.initial_element_id == floor(var.initial_element_id) && var.initial_element_id >= 0
    error_message = "initial_element_id must be a whole number from 0 on."
  }
}

variable "kondado_api" {
  description = "Where the Kondado API is and how fast it may be asked. The defaults are Kondado's own."
  type = object({
    base_url                 = optional(string, "https://k2.kondado.com.br")
    model_logs_path          = optional(string, "model_logs")
    model_status_path        = optional(string, "models/{id}/status")
    pipeline_logs_path       = optional(string, "pipeline_logs")
    pipeline_status_path     = optional(string, "pipelines/{id}/status")
    rate_limit_pause_seconds = optional(number, 60)
    request_timeout_seconds  = optional(number, 30)
    requests_per_minute      = optional(number, 20)
    requests_per_second      = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^https?://[^?#@\\s]+$", var.kondado_api.base_url))
    error_message = "kondado_api.base_url must be a URL such as https://k2.kondado.com.br, without user, query and fragment."
  }

  validation {
    condition = alltrue([for path in [var.kondado_api.model_logs_path, var.kondado_api.pipeline_logs_path] :
      can(regex("^/?[\\w~-][\\w.~-]*(/[\\w~-][\\w.~-]*)*/?$", path))
    ])
    error_message = "kondado_api.model_logs_path and kondado_api.pipeline_logs_path must be paths below base_url, such as pipeline_logs."
  }

  validation {
    condition = alltrue([for path in [var.kondado_api.model_status_path, var.kondado_api.pipeline_status_path] :
      length(split("{id}", path)) == 2 && can(regex("^/?[\\w~-][\\w.~-]*(/[\\w~-][\\w.~-]*)*/?$", replace(path, "{id}", "0")))
    ])
    error_message = "kondado_api.model_status_path and kondado_api.pipeline_status_path must be paths with {id} in them once, such as pipelines/{id}/status."
  }

  validation {
    condition = alltrue([for limit in [
      var.kondado_api.rate_limit_pause_seconds,
      var.kondado_api.request_timeout_seconds,
      var.kondado_api.requests_per_minute,
      var.kondado_api.requests_per_second,
    ] : limit > 0])
    error_message = "The numbers in kondado_api must be above 0."
  }
}

variable "kondado_api_key" {
  description = "The API key of Kondado, needed if credentials_version is not 0: export TF_VAR_kondado_api_key. Kept out of state and plan."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.credentials_version == 0 || try(length(trimspace(var.kondado_api_key)) > 0, false)
    error_message = "kondado_api_key must be given unless credentials_version = 0: export TF_VAR_kondado_api_key."
  }
}

variable "kondado_token" {
  description = "The API token of Kondado, needed if credentials_version is not 0: export TF_VAR_kondado_token. Kept out of state and plan."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.credentials_version == 0 || try(length(trimspace(var.kondado_token)) > 0, false)
    error_message = "kondado_token must be given unless credentials_version = 0: export TF_VAR_kondado_token."
  }
}

variable "lookback_minutes" {
  description = "How far before the newest stored row each run starts to read, for rows that arrive late or change."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.lookback_minutes >= 0
    error_message = "lookback_minutes must be a number from 0 on, such as 60."
  }
}

variable "status_requests_per_run" {
  description = "How many pipelines and models each run may ask Kondado about at most, once an hour: why they are silent. 0: none."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.status_requests_per_run == floor(var.status_requests_per_run) && var.status_requests_per_run >= 0
    error_message = "status_requests_per_run must be a whole number from 0 on, such as 20."
  }
}

variable "streams" {
  description = "The logs that are read."
  type        = set(string)
  default     = ["model_logs", "pipeline_logs"]
  nullable    = false

  validation {
    condition     = length(var.streams) > 0 && length(setsubtract(var.streams, ["model_logs", "pipeline_logs"])) == 0
    error_message = "streams must be [\"pipeline_logs\"], [\"model_logs\"] or both."
  }
}
