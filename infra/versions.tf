terraform {
  required_version = ">= 1.11.0"

  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
    google = {
      source = "hashicorp/google"
      # 7.45.0 is the first version whose dataset updates leave the dataset's grants alone.
      version = ">= 7.45.0, < 9.0.0"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.13"
    }
  }
}
