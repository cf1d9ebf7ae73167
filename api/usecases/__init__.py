"""What the routes do, apart from HTTP: one transaction per use case, who acts, what is told afterwards."""
