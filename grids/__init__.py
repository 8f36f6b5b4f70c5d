"""Territory: a dated tree of places, their codes and QR links, and the working calendar."""
