/** Moving pictures in a page. */

/** Show a stream, or nothing.
 *  @param {HTMLVideoElement} video
 *  @param {MediaStream | null} stream */
export function setStream(video, stream) {
  if (video.srcObject !== stream) {
    video.srcObject = stream;
    if (stream) {
      // Muted video may always play; a refusal can only mean that it was taken away again.
      video.play().catch(() => {});
    }
  }
}
