// A picture of a page with 256 colours: a third of the bytes, and no difference that one sees.
import { deflateSync, inflateSync, crc32 } from "node:zlib";

const COLOURS = 256;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** CRC of a chunk: the runtime's, or by the table where it has none yet. */
const table = Array.from({ length: 256 }, (_, number) => {
  for (let bit = 0; bit < 8; bit++) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1;
  return number >>> 0;
});
const sum = crc32 ?? ((bytes) => (bytes.reduce((crc, byte) => table[(crc ^ byte) & 255] ^ (crc >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0);

/** Width, height and RGB of a picture of eight bits a channel, not interlaced, as browsers write them. */
function decoded(png) {
  const data = [];
  let head;
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") head = { width: body.readUInt32BE(0), height: body.readUInt32BE(4), depth: body[8], colour: body[9], interlaced: body[12] };
    if (kind === "IDAT") data.push(body);
    at += 12 + length;
  }
  const channels = { 2: 3, 6: 4 }[head.colour];
  if (!channels || head.depth !== 8 || head.interlaced) throw new Error(`not a picture of a browser: ${JSON.stringify(head)}`);
  const raw = inflateSync(Buffer.concat(data));
  const stride = head.width * channels;
  const rows = Buffer.alloc(stride * head.height);
  const paeth = (a, b, c) => {
    const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  };
  for (let y = 0; y < head.height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= channels ? rows[at - channels] : 0;
      const up = y ? rows[at - stride] : 0;
      const corner = y && x >= channels ? rows[at - stride - channels] : 0;
      const add = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      rows[at] = raw[y * (stride + 1) + 1 + x] + add;
    }
  }
  const pixels = [];
  for (let at = 0; at < rows.length; at += channels) pixels.push((rows[at] << 16) | (rows[at + 1] << 8) | rows[at + 2]);
  return { width: head.width, height: head.height, pixels };
}

const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 * 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 * 4 + ((a & 255) - (b & 255)) ** 2;

/** The colours that are used most, each not too near to one that is already there. */
function palette(counts) {
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  for (const near of [600, 250, 80, 20, 0]) {
    const chosen = [];
    for (const colour of sorted) {
      if (chosen.length === COLOURS) break;
      if (chosen.every((other) => distance(colour, other) > near)) chosen.push(colour);
    }
    if (chosen.length === COLOURS || near === 0) return chosen;
  }
}

function chunk(kind, body) {
  const bytes = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  crc.writeUInt32BE(sum(bytes));
  return Buffer.concat([length, bytes, crc]);
}

/** The picture with a palette. */
export function small(png) {
  const { width, height, pixels } = decoded(png);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const colours = palette(counts);
  const places = new Map(colours.map((colour, place) => [colour, place]));
  const place = (colour) => {
    let best = places.get(colour);
    if (best === undefined) {
      best = 0;
      for (let at = 1; at < colours.length; at++) if (distance(colour, colours[at]) < distance(colour, colours[best])) best = at;
      places.set(colour, best);
    }
    return best;
  };
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = place(pixels[y * width + x]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const plte = Buffer.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", plte), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
