const END = { done: true, value: undefined } as const

/** How what is iterated over is shown, and ended. */
interface Stopping<T> {
  readonly signal: AbortSignal | undefined
  readonly show: (item: T) => T
  /** Nothing more is wanted; may be called again. */
  readonly onStop: () => void
}

/** An iterator that ends at once when `signal` aborts or its caller stops, also while the next item is awaited. */
export function stoppable<T>(
  items: AsyncGenerator<T, void, void>,
  { signal, show, onStop }: Stopping<T>,
): AsyncIterator<T, void> {
  const waiting = new Set<(end: typeof END) => void>()
  let stopped = signal?.aborted === true
  const stop = (): void => {
    stopped = true
    signal?.removeEventListener('abort', stop)
    onStop()
    for (const end of waiting) end(END)
    waiting.clear()
    items.return().catch(() => {})
  }
  if (!stopped) signal?.addEventListener('abort', stop, { once: true })
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (stopped) return resolve(END)
        waiting.add(resolve)
        items
          .next()
          .then(({ done, value }) => {
            if (done) signal?.removeEventListener('abort', stop)
            resolve(done ? END : { done: false, value: show(value) })
          })
          .catch((error: unknown) => {
            // whoever iterates does not end what has failed
            reject(error)
            stop()
          })
          .finally(() => waiting.delete(resolve))
      }),
    return: async () => {
      stop()
      return END
    },
  }
}
