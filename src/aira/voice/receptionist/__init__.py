"""The built-in mind: a receptionist without a model, a pure function from (state, event, facts) to (state, actions)."""
