"""The shapes of cases for programs: what is shown, and what each verb takes."""
