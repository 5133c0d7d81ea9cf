/** Returns the current time in µs on a clock that all processes of a machine share. */
export const microseconds = (): number => Number(process.hrtime.bigint() / 1_000n)
