//! Event files that TensorBoard reads: TFRecords of `Event` messages.
//!
//! A record is its length, a checksum of the length, the message, a checksum of the message; all
//! little-endian. The checksum is CRC-32C, rotated by 15 bits and moved by a constant.

/// What an event holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The version of the file's form; the first event of a file.
    Header,
    /// A number under a name, at a step.
    Scalar {
        /// Name, parts by `/`.
        tag: &'a str,
        /// Step of the training.
        step: u64,
        /// The number.
        value: f32,
    },
}

impl Event<'_> {
    /// The record of this event at that time (seconds since 1970).
    #[must_use]
    pub fn record(&self, wall_time: f64) -> Vec<u8> {
        let message = self.message(wall_time);
        let length = (message.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked(&length).to_le_bytes());
        record.extend(&message);
        record.extend(masked(&message).to_le_bytes());
        record
    }

    /// Fields of `Event`: 1 wall_time, 2 step, 3 file_version, 5 summary; of `Summary`: 1 value;
    /// of its `Value`: 1 tag, 2 simple_value.
    fn message(&self, wall_time: f64) -> Vec<u8> {
        let mut message = vec![1 << 3 | 1];
        message.extend(wall_time.to_le_bytes());
        match self {
            Self::Header => field(&mut message, 3, b"brain.Event:2"),
            Self::Scalar { tag, step, value } => {
                message.push(2 << 3);
                varint(&mut message, *step);
                let mut named = Vec::new();
                field(&mut named, 1, tag.as_bytes());
                named.push(2 << 3 | 5);
                named.extend(value.to_le_bytes());
                let mut summary = Vec::new();
                field(&mut summary, 1, &named);
                field(&mut message, 5, &summary);
            }
        }
        message
    }
}

fn field(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(number << 3 | 2);
    varint(message, bytes.len() as u64);
    message.extend(bytes);
}

fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

/// Reversed polynomial of CRC-32C.
const POLYNOMIAL: u32 = 0x82f6_3b78;

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
    let byte = |crc: u32, &byte: &u8| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc));
    !bytes.iter().fold(!0, byte)
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // Check value of CRC-32C (RFC 3720).
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn a_record_has_its_lengths_and_fields() {
        let record = Event::Scalar { tag: "loss", step: 300, value: 0.5 }.record(2.0);
        let length = u64::from_le_bytes(record[..8].try_into().unwrap()) as usize;
        assert_eq!(record.len(), 8 + 4 + length + 4);
        let message = &record[12..12 + length];
        let mut expected = vec![0x09];
        expected.extend(2.0_f64.to_le_bytes());
        expected.extend([0x10, 0xac, 0x02, 0x2a, 13, 0x0a, 11, 0x0a, 4]);
        expected.extend(b"loss");
        expected.push(0x15);
        expected.extend(0.5_f32.to_le_bytes());
        assert_eq!(message, expected);
    }
}
