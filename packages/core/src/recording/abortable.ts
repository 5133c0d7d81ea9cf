/** Settles like `promise`, unless the signal aborts first. @throws the signal's reason */
export async function abortable<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([aborted.promise, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Yields the source's values until the signal aborts, even while the source is pending. @throws the signal's reason */
export async function* abortableIterator<V>(
  source: AsyncIterable<V> | Iterable<V>,
  signal: AbortSignal,
): AsyncGenerator<V, void, void> {
  const iterator = iteratorOf(source)
  let isFinished = false
  try {
    for (;;) {
      const next = await abortable(Promise.resolve(iterator.next()), signal)
      isFinished = next.done === true
      if (next.done) return
      yield next.value
    }
  } finally {
    // Do not wait for the source: it may never answer.
    if (!isFinished) Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

const iteratorOf = <V>(source: AsyncIterable<V> | Iterable<V>): AsyncIterator<V> | Iterator<V> =>
  Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
