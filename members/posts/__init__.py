"""Posts: who heads and staffs organisations."""
