export type { GuestHistory } from './history.ts'
export { type WatermarkOptions, type WatermarkState, watermark } from './watermark.ts'
