"""The embedded family: three tiny models of one base, trained honestly on graded arithmetic."""
