"""What managers get by mail, and how it is sent once and only once."""
