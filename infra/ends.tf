# What will end, told by every plan from half a year before.

locals {
  # https://docs.cloud.google.com/functions/docs/runtime-support
  runtime_ends = {
    nodejs24 = { warn_from = "2028-04-01", end = "2028-10-31" }
  }

  # A later runtime that is not known here ends at a date that is not known either.
  _runtime = lookup(local.runtime_ends, var.runtime, { warn_from = "9999-12-31", end = "" })
}

check "runtime" {
  assert {
    condition = timecmp(plantimestamp(), "${local._runtime.warn_from}T00:00:00Z") < 0
    error_message = join(" ", [
      "Google takes ${var.runtime} away on ${local._runtime.end}: nothing can be deployed with it from then on.",
      "Upgrade to a release that has a later one, or set runtime.",
    ])
  }
}
