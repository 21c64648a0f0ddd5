"""Live prices: what the providers' own price lists say today, in the layout that the book reads.

A refresh is a list of jobs, one a provider, region and service (`model.Job`). A job asks one API and yields
rates under the names that the estimators ask for, and machines. Which of a provider's meters is which rate
stands in `meters_<provider>.csv`. `store.Store` writes each job's rows as soon as they are whole, notes when
and from where in `state.json`, and composes the tables that `trimtab.pricing.book.FolderLayer` reads; what is
written stays, whatever becomes of the jobs after it.

No module here reads a clock: the instant of the fetch is an argument, and dates every price.
"""
