"""lvsarp for Salt: an execution module, states, a beacon and a grain, which Salt's loader finds through the entry point
``salt.loader`` of the installed package. Nothing here is imported by ``import lvsarp``; docs/salt.md describes it.
"""
