/** Runs a function in the async context in which this was captured. Returns the function's result. */
export type RunInContext = <R>(fn: () => R) => R

interface AsyncHooks {
  readonly AsyncResource: new (type: string) => { runInAsyncScope<R>(fn: () => R): R }
}

// looked up without an import, because the core also runs where async contexts do not exist
const { process } = globalThis as { process?: { getBuiltinModule?(id: string): AsyncHooks | undefined } }
const hooks = process?.getBuiltinModule?.('node:async_hooks')

/**
 * Captures the caller's async context: the stores of every `AsyncLocalStorage`, such as a trace. Where the platform has
 * none, functions run in the context of the moment.
 */
export const captureContext: () => RunInContext = hooks ? () => capture(hooks) : () => (fn) => fn()

// a resource costs 50 ns, `AsyncLocalStorage.snapshot()` more than 10 µs (Node 24)
function capture({ AsyncResource }: AsyncHooks): RunInContext {
  const resource = new AsyncResource('SyncCallback')
  return (fn) => resource.runInAsyncScope(fn)
}
