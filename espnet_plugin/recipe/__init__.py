"""The stages of the recipe, one file per stage; the scripts in ``local/`` call them."""
