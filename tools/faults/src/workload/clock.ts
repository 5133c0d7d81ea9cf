/** Returns milliseconds on the machine's monotonic clock, comparable between processes. */
export const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000
