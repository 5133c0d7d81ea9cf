/** Calls `work` with numbers from `from` on, `count` times in all, so many at once. */
export async function inFlight(
  { from, count, lanes }: { readonly from: number; readonly count: number; readonly lanes: number },
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = from
  const lane = async (): Promise<void> => {
    while (next < from + count) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
