"""Who asks and what they may do: sign-in, authorization, CSRF, audit."""
