"""What training needs besides the networks; torch only, no ESPnet."""
