"""What a column holds: forms of its values, its name, its neighbours; a decision with evidence that is counts only."""
