"""The candidate's pages, which the links in invitations lead to.

The server owns the pages; the vendor owns the questions (`core.questionnaire`). A link names the sandbox, a seal and
the invitation. A link that is not genuine leads to no sandbox and shows the page "unknown".

GET shows the page for the invitation's current phase and changes nothing, with one exception: for a vendor that counts
opening the link as a step (`Questionnaire.opening`), the first GET performs that operation. Prefetch and HEAD do not.
POST performs `start` or `complete` through the same vendor operation that every other caller uses, then redirects, so
that reloading the page sends nothing again. If the operation is refused, the invitation ended in the meantime, and the
page for its new phase says that nothing was saved.

Both wait until what they changed is durable before they respond. `routes` holds the pages, `i18n` their translations.
"""
