//! Reading expressions.
//!
//! From loose to tight: `or`, `and`, `not`, comparisons (`== != < <= > >=`, and `in` with a list
//! of values), `+ -`, `* / %`, a sign. Operands are whole numbers, words in single quotes, paths,
//! brackets, `sum product min max gcd active` with arguments in brackets, and
//! `select(by, value: expression, …, else: expression)`.

use super::expression::{Expression, Function, Infix, Slot};
use super::value::Value;
use pimnas_suggest as suggest;

/// Deepest nesting of brackets and signs.
const DEEPEST: usize = 64;

/// What cannot be read, and where in the expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParseFault {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Byte of the expression.
    pub(crate) at: usize,
}

/// Slots by the names of their values.
pub(crate) trait Names {
    fn slot(&self, path: &str) -> Option<Slot>;
    fn all(&self) -> Vec<&str>;
}

/// Reads an expression.
///
/// # Errors
/// The first place that is not of the language, or a path that does not exist.
pub(crate) fn parse(text: &str, names: &dyn Names) -> Result<Expression, ParseFault> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, next: 0, end: text.len(), depth: 0, names };
    let expression = reader.or()?;
    match reader.peek() {
        None => Ok(expression),
        Some(token) => Err(reader.fault(format!("`{}` is not expected here", token.shown()))),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(i64),
    Word(String),
    Path(String),
    Mark(&'static str),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Word(word) => format!("'{word}'"),
            Self::Path(path) => suggest::shown(path),
            Self::Mark(mark) => (*mark).to_owned(),
        }
    }
}

const MARKS: [&str; 18] =
    ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ":", "="];

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseFault> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let fault = |message: String| ParseFault { message, hint: None, at };
        let (token, length) = if first.is_whitespace() {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        } else if first == '\'' {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find('\'').ok_or_else(|| fault("the word does not end".into()))?;
            (Token::Word(inner.get(..end).unwrap_or_default().to_owned()), end + 2)
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                .unwrap_or(rest.len());
            let text = rest.get(..end).unwrap_or_default();
            let token = if first.is_ascii_digit() && text.bytes().all(|b| b.is_ascii_digit()) {
                let number = text.parse();
                Token::Number(number.map_err(|_| fault(format!("{text} is too large")))?)
            } else {
                Token::Path(text.to_owned())
            };
            (token, end)
        } else {
            match MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
                Some(mark) => (Token::Mark(mark), mark.len()),
                None => return Err(fault(format!("`{}` is not understood", first.escape_debug()))),
            }
        };
        found.push((at, token));
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(found)
}

struct Reader<'t> {
    tokens: &'t [(usize, Token)],
    next: usize,
    end: usize,
    depth: usize,
    names: &'t dyn Names,
}

type Parsed = Result<Expression, ParseFault>;

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn fault(&self, message: String) -> ParseFault {
        let at = self.tokens.get(self.next).map_or(self.end, |(at, _)| *at);
        ParseFault { message, hint: None, at }
    }

    /// Takes the next token if it is this mark.
    fn mark(&mut self, mark: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Mark(found)) if *found == mark);
        self.next += usize::from(there);
        there
    }

    /// Takes the next token if it is this bare word.
    fn keyword(&mut self, keyword: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Path(found)) if found == keyword);
        self.next += usize::from(there);
        there
    }

    fn expect(&mut self, mark: &str) -> Result<(), ParseFault> {
        if self.mark(mark) {
            return Ok(());
        }
        let found =
            self.peek().map_or_else(|| "the end".to_owned(), |t| format!("`{}`", t.shown()));
        Err(self.fault(format!("`{mark}` is expected, not {found}")))
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.keyword("or") {
            left = Expression::Infix(Infix::Or, Box::new([left, self.and()?]));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.keyword("and") {
            left = Expression::Infix(Infix::And, Box::new([left, self.not()?]));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        if self.keyword("not") {
            return self.nested(|r| r.not()).map(|inner| Expression::Not(Box::new(inner)));
        }
        let left = self.sum()?;
        if self.keyword("in") {
            return self.one_of(left);
        }
        const COMPARISONS: [(&str, Infix); 6] = [
            ("==", Infix::Equal),
            ("!=", Infix::Unequal),
            ("<=", Infix::AtMost),
            (">=", Infix::AtLeast),
            ("<", Infix::Less),
            (">", Infix::Greater),
        ];
        for (mark, infix) in COMPARISONS {
            if self.mark(mark) {
                return Ok(Expression::Infix(infix, Box::new([left, self.sum()?])));
            }
        }
        if matches!(self.peek(), Some(Token::Mark("="))) {
            let fault = self.fault("`=` is not a comparison".to_owned());
            return Err(ParseFault { hint: Some("write `==`".to_owned()), ..fault });
        }
        Ok(left)
    }

    /// `left in [a, b]`, as `left == a or left == b`.
    fn one_of(&mut self, left: Expression) -> Parsed {
        self.expect("[")?;
        let mut any: Option<Expression> = None;
        loop {
            let value = self.sum()?;
            let equal = Expression::Infix(Infix::Equal, Box::new([left.clone(), value]));
            any = Some(match any {
                None => equal,
                Some(before) => Expression::Infix(Infix::Or, Box::new([before, equal])),
            });
            if !self.mark(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(any.unwrap_or(Expression::Constant(Value::Int(0))))
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let infix = if self.mark("+") {
                Infix::Add
            } else if self.mark("-") {
                Infix::Subtract
            } else {
                return Ok(left);
            };
            left = Expression::Infix(infix, Box::new([left, self.product()?]));
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.operand()?;
        loop {
            let infix = if self.mark("*") {
                Infix::Multiply
            } else if self.mark("/") {
                Infix::Divide
            } else if self.mark("%") {
                Infix::Remainder
            } else {
                return Ok(left);
            };
            left = Expression::Infix(infix, Box::new([left, self.operand()?]));
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(format!("nested more than {DEEPEST} deep")));
        }
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn operand(&mut self) -> Parsed {
        if self.mark("-") {
            let zero = Expression::Constant(Value::Int(0));
            let inner = self.nested(|r| r.operand())?;
            return Ok(Expression::Infix(Infix::Subtract, Box::new([zero, inner])));
        }
        if self.mark("(") {
            let inner = self.nested(|r| r.or())?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.peek().cloned() {
            Some(Token::Number(number)) => {
                self.next += 1;
                Ok(Expression::Constant(Value::Int(number)))
            }
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(Expression::Constant(Value::from(word.as_str())))
            }
            Some(Token::Path(path)) => self.named(&path),
            Some(Token::Mark(mark)) => Err(self.fault(format!("`{mark}` is not expected here"))),
            None => Err(self.fault("the expression ends too early".to_owned())),
        }
    }

    /// A function or a path.
    fn named(&mut self, name: &str) -> Parsed {
        let called =
            self.tokens.get(self.next + 1).map(|(_, token)| token) == Some(&Token::Mark("("));
        if called {
            let function = Function::ALL.into_iter().find(|(known, _)| *known == name);
            return match function {
                Some((_, function)) => self.nested(|r| r.call(function)),
                None if name == "select" => self.nested(Self::select),
                None => {
                    let known: Vec<&str> =
                        Function::ALL.iter().map(|(name, _)| *name).chain(["select"]).collect();
                    let fault =
                        self.fault(format!("there is no function `{}`", suggest::shown(name)));
                    Err(ParseFault { hint: Some(suggest::hint(name, known)), ..fault })
                }
            };
        }
        match self.names.slot(name) {
            Some(slot) => {
                self.next += 1;
                Ok(Expression::Slot(slot))
            }
            None => {
                let message = format!("there is no value `{}`", suggest::shown(name));
                let hint = match suggest::closest(name, self.names.all()) {
                    Some(close) => format!("did you mean `{close}`? Words stand in single quotes"),
                    None => {
                        "name a decision or a derived value; words stand in single quotes".into()
                    }
                };
                Err(ParseFault { hint: Some(hint), ..self.fault(message) })
            }
        }
    }

    fn call(&mut self, function: Function) -> Parsed {
        self.next += 1;
        self.expect("(")?;
        let mut arguments = vec![self.or()?];
        while self.mark(",") {
            arguments.push(self.or()?);
        }
        self.expect(")")?;
        Ok(Expression::Call(function, arguments))
    }

    fn select(&mut self) -> Parsed {
        self.next += 1;
        self.expect("(")?;
        let by = Box::new(self.or()?);
        let (mut cases, mut other) = (Vec::new(), None);
        while self.mark(",") {
            if self.keyword("else") {
                self.expect(":")?;
                other = Some(Box::new(self.or()?));
                break;
            }
            let case = self.case()?;
            self.expect(":")?;
            cases.push((case, self.or()?));
        }
        self.expect(")")?;
        if cases.is_empty() {
            return Err(self.fault("`select` has no case".to_owned()));
        }
        Ok(Expression::Select { by, cases, other })
    }

    fn case(&mut self) -> Result<Value, ParseFault> {
        let negative = self.mark("-");
        let value = match self.peek() {
            Some(Token::Number(number)) if negative => Value::Int(-number),
            Some(Token::Number(number)) => Value::Int(*number),
            Some(Token::Word(word)) if !negative => Value::from(word.as_str()),
            Some(Token::Word(_) | Token::Path(_) | Token::Mark(_)) | None => {
                let fault = self.fault("a case is a number or a word in single quotes".to_owned());
                let hint = "write `select(by, 1: …, 'word': …, else: …)`".to_owned();
                return Err(ParseFault { hint: Some(hint), ..fault });
            }
        };
        self.next += 1;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    struct Letters;
    impl Names for Letters {
        fn slot(&self, path: &str) -> Option<Slot> {
            self.all().iter().position(|known| *known == path)
        }
        fn all(&self) -> Vec<&str> {
            vec!["a", "b.c", "word", "off"]
        }
    }

    fn evaluated(text: &str) -> Value {
        let slots = [Value::Int(6), Value::Int(4), Value::from("x"), Value::Inactive];
        parse(text, &Letters).unwrap().evaluate(&slots)
    }

    #[rstest]
    #[case("1 + 2 * 3 - 4", 3)]
    #[case("-(a - b.c) * 2", -4)]
    #[case("min(a, b.c, off) + max(a, b.c)", 10)]
    #[case("sum(a, off, 1) * product(2, off)", 14)]
    #[case("gcd(a, b.c)", 2)]
    #[case("a / 4 * 10 + a % 4", 12)]
    #[case("select(a, 6: 1, 4: 2, else: 3)", 1)]
    #[case("select(word, 'y': 1, else: 3)", 3)]
    #[case("a > 5 and not b.c == 4 or word == 'x'", 1)]
    #[case("a in [1, 6] and word in ['x', 'y']", 1)]
    #[case("off == 1 or off != 1 or off < 1", 0)]
    #[case("active(word) + active(off)", 1)]
    #[case("9223372036854775807 + a", i64::MAX)]
    fn numbers(#[case] text: &str, #[case] value: i64) {
        assert_eq!(evaluated(text), Value::Int(value), "{text}");
    }

    #[rstest]
    #[case("off + 1")]
    #[case("a / 0")]
    #[case("a % (b.c - 4)")]
    #[case("select(off, 1: 1, else: 2)")]
    #[case("select(a, 1: 1)")]
    fn inactive(#[case] text: &str) {
        assert_eq!(evaluated(text), Value::Inactive, "{text}");
    }

    #[rstest]
    #[case("", 0, "ends too early")]
    #[case("a +", 3, "ends too early")]
    #[case("a b.c", 2, "not expected")]
    #[case("(a", 2, "`)` is expected")]
    #[case("a = 1", 2, "not a comparison")]
    #[case("a > §", 4, "not understood")]
    #[case("1 + words", 4, "no value `words`")]
    #[case("maxi(a)", 0, "no function `maxi`")]
    #[case("'abc", 0, "does not end")]
    #[case("select(a)", 9, "no case")]
    #[case("select(a, b.c: 1)", 10, "a case is a number")]
    #[case("99999999999999999999", 0, "too large")]
    fn faults(#[case] text: &str, #[case] at: usize, #[case] message: &str) {
        let fault = parse(text, &Letters).unwrap_err();
        assert_eq!(fault.at, at, "{fault:?}");
        assert!(fault.message.contains(message), "{fault:?}");
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let deep = "(".repeat(100_000);
        assert!(parse(&deep, &Letters).unwrap_err().message.contains("nested"));
        let signs = "-".repeat(100_000);
        assert!(parse(&signs, &Letters).unwrap_err().message.contains("nested"));
    }
}
