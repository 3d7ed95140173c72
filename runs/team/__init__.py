"""The team log: journals and media of several machines on one store, and the same tables on each of them.

Journals are the truth and the log is made from them, in any order, each line once. So machines share journals and nothing else: each
ships its own to the store, fetches those of the others, and folds them all into a log of its own. See docs/design/team.md.

    settings  which store, and who this machine is        pieces   a stretch of a journal, as it lies on the store
    store     what is asked of a store                    push     journals and media to the store
    folder, objects, anyfs     three kinds of it          pull     the others' journals from it
    lease     one machine at a time works on a run        media    artifacts, fetched when they are first looked at
    shipping  pushing beside a run                        beats    which machines live
"""
