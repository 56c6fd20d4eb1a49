"""The face that speaks the Kibo Customer API."""
