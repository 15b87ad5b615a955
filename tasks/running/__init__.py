"""Running a stage: its Prefect task, its process, its record, its cost, and the code behind it."""
