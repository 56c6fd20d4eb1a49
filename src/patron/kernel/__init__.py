"""What every slice stands on: values, errors, the database, events, secrets. It knows no noun of commerce."""
