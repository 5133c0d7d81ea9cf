/** Calls `work` with `count` consecutive numbers beginning at `from`, at most `concurrency` calls at a time. */
export async function inFlight(
  { from, count, concurrency }: { readonly from: number; readonly count: number; readonly concurrency: number },
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < from + count) await work(next++)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}
