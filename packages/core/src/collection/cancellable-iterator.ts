const DONE = { done: true, value: undefined } as const

/**
 * Wraps a generator in an iterator that ends at once when `signal` aborts or the consumer stops, even while the next
 * item is pending.
 */
export function cancellable<T, R>(
  items: AsyncGenerator<T, void, void>,
  { signal, map, onCancel }: CancelOptions<T, R>,
): AsyncIterator<R, void> {
  const pending = new Set<(resolvePending: typeof DONE) => void>()
  let cancelled = signal?.aborted === true
  const cancel = (): void => {
    cancelled = true
    signal?.removeEventListener('abort', cancel)
    onCancel()
    for (const resolvePending of pending) resolvePending(DONE)
    pending.clear()
    items.return().catch(() => {})
  }
  if (!cancelled) signal?.addEventListener('abort', cancel, { once: true })
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (cancelled) return resolve(DONE)
        pending.add(resolve)
        items
          .next()
          .then(({ done, value }) => {
            if (done) signal?.removeEventListener('abort', cancel)
            resolve(done ? DONE : { done: false, value: map(value) })
          })
          .catch((error: unknown) => {
            // `for await` does not call return() after a failed next()
            reject(error)
            cancel()
          })
          .finally(() => pending.delete(resolve))
      }),
    return: async () => {
      cancel()
      return DONE
    },
  }
}

/** Options of {@link cancellable}. */
interface CancelOptions<T, R> {
  readonly signal: AbortSignal | undefined
  readonly map: (item: T) => R
  /** Called when the iteration ends early; may be called more than once. */
  readonly onCancel: () => void
}
