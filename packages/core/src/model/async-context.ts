/** Runs a function in the async context in which this was captured. Returns the function's result. */
export type RunInContext = <R>(fn: () => R) => R

interface AsyncHooks {
  readonly AsyncLocalStorage: { snapshot(): RunInContext }
}

// looked up without an import, because the core also runs where async contexts do not exist
const { process } = globalThis as { process?: { getBuiltinModule?(id: string): AsyncHooks | undefined } }
const storage = process?.getBuiltinModule?.('node:async_hooks')?.AsyncLocalStorage

/**
 * Captures the caller's async context: the stores of every `AsyncLocalStorage`, such as a trace. Where the platform has
 * none, functions run in the context of the moment.
 */
export const captureContext: () => RunInContext = storage ? () => storage.snapshot() : () => (fn) => fn()
